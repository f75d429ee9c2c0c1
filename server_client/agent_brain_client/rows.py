"""Fits rows into the terminal: a row that is too wide goes on in the next line, broken where one can read on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_GAP = re.compile(r"( · |  +)")
_WORDS = re.compile(r"(?:→ )?agent-brain \S.*|\S+")
"""A command is one word, so that it can be copied."""

Length = Callable[[str], int]


def fit(text: str, columns: int, indent: int, length: Length = len) -> list[str]:
    """Return `text` in lines of at most `columns`, all but the first with `indent`; only a longer word is wider.

    Lines end between fields (which ` · ` or two spaces part), within a field only where it fits into no line.
    """
    row = _Row(columns, indent, length)
    for gap, field in _fields(text):
        row.add(gap, field)
    return row.lines


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield each field with the gap before it."""
    first, *rest = _GAP.split(text)
    yield "", first
    yield from zip(rest[::2], rest[1::2], strict=True)


class _Row:
    def __init__(self, columns: int, indent: int, length: Length) -> None:
        self.lines = [""]
        self._columns, self._margin, self._length = columns, " " * indent, length

    def add(self, gap: str, field: str) -> None:
        """Put the field where it fits whole, else as many of its words as fit."""
        if self._fits(self.lines[-1] + gap + field):
            self.lines[-1] += gap + field
        elif self._begun() and self._fits(self._margin + field):
            self.lines.append(self._margin + field)
        else:
            self._add_words(gap, _WORDS.findall(field))

    def _add_words(self, gap: str, words: list[str]) -> None:
        for word in words:
            if self._fits(self.lines[-1] + gap + word) or not self._begun():
                self.lines[-1] += gap + word
            elif " " in word and not self._fits(self._margin + word):
                self._add_words(gap, word.split())
            else:
                self.lines.append(self._margin + word)
            gap = " "

    def _fits(self, line: str) -> bool:
        return self._length(line) <= self._columns

    def _begun(self) -> bool:
        """Return whether the last line has more than its label or margin."""
        return self._length(self.lines[-1]) > len(self._margin)
