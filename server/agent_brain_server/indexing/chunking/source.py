"""The lines of one file, and the limits that every passage of it keeps."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import accumulate

WHOLE_LINES, WHOLE_CHARS = 80, 3_200
"""A symbol up to this size stays in one piece."""
FAMILY_LINES, FAMILY_CHARS = 40, 1_600
"""A symbol with members (a class and its methods) up to this size stays in one piece."""
PART_LINES, PART_CHARS = 60, 2_400
"""What is longer is cut into parts up to this size."""
MAX_CHARS = 4_000
"""No passage is longer; a longer line is cut within the line."""
MAX_PIECES = 64
"""Of one over-long line no more pieces are kept."""

_MARKS = string.punctuation + string.whitespace
_CLOSERS = frozenset({"", "end", "endif", "fi", "done", "esac"})


class Source:
    """A text by rows: 0-based, both ends of a range inclusive, a row is what lies between two `\\n`."""

    __slots__ = ("lines", "starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = list(accumulate((len(line) + 1 for line in self.lines), initial=0))

    @property
    def last(self) -> int:
        """Return the last row."""
        return len(self.lines) - 1

    def slice(self, first: int, last: int) -> str:
        """Return the rows joined by `\n`."""
        return self.text[self.starts[first] : self.starts[last + 1] - 1]

    def size(self, first: int, last: int) -> int:
        """Return the number of characters that `slice` returns."""
        return self.starts[last + 1] - 1 - self.starts[first]

    def fits(self, first: int, last: int, lines: int, chars: int) -> bool:
        """Return whether the rows keep both limits."""
        return last - first < lines and self.size(first, last) <= chars

    def is_blank(self, row: int) -> bool:
        """Return whether the row holds nothing but white space."""
        line = self.lines[row]
        return not line or line.isspace()

    def is_closing(self, first: int, last: int) -> bool:
        """Return whether the rows only end something: brackets, `end`, `#endif`."""
        return all(_closes(self.lines[row]) for row in range(first, last + 1))

    def trim(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the range without the blank rows at its ends, None if there is nothing else."""
        while first <= last and self.is_blank(first):
            first += 1
        while last >= first and self.is_blank(last):
            last -= 1
        return (first, last) if first <= last else None

    def parts(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the range in parts within the limits, cut where the text pauses, without the blank rows at the cuts."""
        while (rows := self.trim(first, last)) is not None:
            first, last = rows
            if self.fits(first, last, PART_LINES, PART_CHARS):
                yield rows
                return
            cut = self._cut(first, last)
            head = self.trim(first, cut - 1)
            if head is not None:
                yield head
            first = cut

    def _cut(self, first: int, last: int) -> int:
        """Return the first row of the next part: the least indented in the limit's second half, best after a gap."""
        limit = first + 1
        while limit <= last and self.fits(first, limit, PART_LINES, PART_CHARS):
            limit += 1
        if limit > last:
            return last + 1
        rows = range(limit, first + (limit - first) // 2, -1)
        return min(rows, key=self._cut_cost, default=limit)

    def _cut_cost(self, row: int) -> tuple[bool, int, bool]:
        line = self.lines[row]
        bare = line.lstrip()
        return not bare or _closes(line), len(line) - len(bare), not self.is_blank(row - 1)


def _closes(line: str) -> bool:
    """Return whether a line only ends something."""
    return line.strip(_MARKS).lower() in _CLOSERS


def pieces(line: str) -> list[str]:
    """Cut one over-long line into at most `MAX_PIECES` pieces, after a space or a semicolon where there is one."""
    found: list[str] = []
    start = 0
    while start < len(line) and len(found) < MAX_PIECES:
        end = start + PART_CHARS
        if end < len(line):
            pause = max(line.rfind(mark, start + PART_CHARS // 2, end) for mark in " ;,}")
            end = pause + 1 if pause > 0 else end
        if piece := line[start:end].strip():
            found.append(piece)
        start = end
    return found
