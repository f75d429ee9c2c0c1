"""A text as it is read once it is shown or run: without invisible characters and tags within a word, with the
characters that entities of HTML name, with the cells of a notebook as they were written. Each knows its place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from agent_brain_server.indexing.secrets.joins import INVISIBLE
from agent_brain_server.indexing.secrets.tokens import Span

_NAMED = {
    "amp": "&", "lt": "<", "gt": ">", "nbsp": " ", "quot": '"', "apos": "'", "lowbar": "_", "UnderBar": "_",
    "equals": "=", "colon": ":", "semi": ";", "period": ".", "comma": ",", "hyphen": "-", "dash": "-", "sol": "/",
    "bsol": "\\", "plus": "+", "commat": "@", "num": "#", "excl": "!", "quest": "?", "dollar": "$", "percnt": "%",
    "ast": "*", "midast": "*", "Hat": "^", "grave": "`", "verbar": "|", "vert": "|", "lpar": "(", "rpar": ")",
    "lsqb": "[", "lbrack": "[", "rsqb": "]", "rbrack": "]", "lcub": "{", "lbrace": "{", "rcub": "}", "rbrace": "}",
    "shy": "\u00ad", "ZeroWidthSpace": "\u200b", "zwnj": "\u200c", "zwj": "\u200d", "NoBreak": "\u2060",
}  # fmt: skip
_NAMES = "|".join(_NAMED)
_AMPERSANDS = r"(?:amp;){0,3}"
_ENTITY = re.compile(rf"&{_AMPERSANDS}(?:#(?:[xX]([0-9a-fA-F]{{1,6}})|([0-9]{{1,7}}));?|({_NAMES});)")
_HIDING = re.compile(rf"&{_AMPERSANDS}(?:#[0-9xX]|(?!amp;|lt;|gt;|nbsp;)(?:{_NAMES});)")
"""An entity that a secret may be hidden by; the commonest ones are in every second page and hide none."""
_TAGS = re.compile(r"(?<=[\w.-])(?:</?\w{1,10}(?:[ ][^<>\n]{0,120})?/?>|<!--[^<>\n]{0,80}-->){1,4}(?=[\w.-])")
_ENTITY_OR_TAGS = re.compile(f"{_ENTITY.pattern}|{_TAGS.pattern}")
_VISIBLE = re.compile(f"[^{INVISIBLE}]+")
_MARKUP = frozenset({"html", "markdown", "svelte", "vue", "xml"})
_SOURCE = re.compile(r'"source"[ \t\n]{0,40}:[ \t\n]{0,40}(\[?)')
_STRING = re.compile(r'[ \t\n]{0,200}"((?:[^"\\\n]|\\[^\n])*)"[ \t\n]{0,200}(,?)')
_PIECE = re.compile(r"[^\\]+|\\u([0-9a-fA-F]{4})|\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\n", "b": " ", "f": " "}


@dataclass(slots=True)
class Reading:
    """A reading of `source` in stretches: each is a part of it as it is written, or one character written otherwise."""

    source: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    _stretches: list[tuple[int, int, int]] = field(default_factory=list)  # where it begins here, and its place there

    @property
    def text(self) -> str:
        """Return the characters."""
        return "".join(self.parts)

    def copy(self, start: int, end: int) -> None:
        """Add what is read as it is written."""
        if end > start:
            self._add(self.source[start:end], start, end)

    def put(self, character: str, start: int, end: int) -> None:
        """Add a character that is written otherwise."""
        self._add(character, start, end)

    def _add(self, part: str, start: int, end: int) -> None:
        self.parts.append(part)
        self._stretches.append((self.length, start, end))
        self.length += len(part)

    def places(self, span: Span) -> Iterator[Span]:
        """Yield where `span` of the reading is written: in one place but for what lies between two strings."""
        start = end = -1
        for first, last in self._written(span):
            if start < 0:
                start = first
            elif self.source[end:first].strip(INVISIBLE):
                yield Span(start, end, span.kind)
                start = first
            end = last
        yield Span(start, end, span.kind)

    def _written(self, span: Span) -> Iterator[tuple[int, int]]:
        """Yield where each stretch of the span is written."""
        number = bisect_right(self._stretches, span.start, key=itemgetter(0)) - 1
        while number < len(self._stretches) and (begin := self._stretches[number][0]) < span.end:
            _, start, end = self._stretches[number]
            length = len(self.parts[number])
            if length > 1 or end == start + 1:
                yield start + max(0, span.start - begin), start + min(length, span.end - begin)
            else:
                yield start, end
            number += 1


def readings(text: str, language: str) -> Iterator[tuple[Reading, str]]:
    """Yield each other reading of `text`, and the language that it is in."""
    tags = language in _MARKUP and _TAGS.search(text) is not None
    if (
        tags
        or ("&" in text and _HIDING.search(text))
        or (not text.isascii() and any(map(text.__contains__, INVISIBLE)))
    ):
        yield _visible(text, tags=tags), language
    if language == "notebook":
        for source in _SOURCE.finditer(text):
            yield _cell(text, source), "text"


def _visible(text: str, *, tags: bool) -> Reading:
    """Return the text with its entities decoded, then without invisible characters, and `tags` within words."""
    decoded = Reading(text)
    at = 0
    for sign in (_ENTITY_OR_TAGS if tags else _ENTITY).finditer(text):
        _copy_visible(decoded, at, sign.start())
        character = _character(sign) if sign[0].startswith("&") else ""
        if character and character not in INVISIBLE:
            decoded.put(character, *sign.span())
        at = sign.end()
    _copy_visible(decoded, at, len(text))
    return decoded


def _copy_visible(reading: Reading, start: int, end: int) -> None:
    for stretch in _VISIBLE.finditer(reading.source, start, end):
        reading.copy(*stretch.span())


def _character(entity: re.Match[str]) -> str:
    if entity[3]:
        return _NAMED[entity[3]]
    number = int(entity[1], 16) if entity[1] else int(entity[2])
    return chr(number) if number in range(1, 0xD800) else "\ufffd"


def _cell(text: str, source: re.Match[str]) -> Reading:
    """Return what a cell of a notebook holds: its strings of JSON, decoded and joined."""
    cell, at = Reading(text), source.end()
    while (string := _STRING.match(text, at)) is not None:
        start, end = string.span(1)
        while start < end:
            piece = _PIECE.match(text, start, end)
            assert piece is not None  # noqa: S101  every character is one, a backslash ends none
            if text[start] == "\\":
                cell.put(chr(int(piece[1], 16)) if piece[1] else _ESCAPES.get(piece[2], piece[2]), *piece.span())
            else:
                cell.copy(*piece.span())
            start = piece.end()
        at = string.end()
        if not (source[1] and string[2]):
            break
    return cell
