"""Tokens that are written in pieces: in adjacent or added string literals, over tags, over characters nobody sees."""

from __future__ import annotations

import re

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SPACES = "\u00a0\u2007\u2009\u202f\u3000"
_QUOTES = "\u201c\u201d\u201e"
MOST_PIECES = 12
_PIECE = re.compile(r"[\w.~+/=-]{0,400}")
_JOIN = re.compile(
    r"\\?[\"'`][ \t]{0,9}(?:[+.&\\]|\.\.|\+\+|<>)?\s{0,120}(?:[+.&] ?)?[bBfFrRuU@$]{0,2}\\?[\"'`]"
    r"|\\\r?\n[ \t]{0,40}|</?\w{1,10}(?:[ ][^<>\n]{0,120})?>"
    rf"|[{INVISIBLE}]{{1,9}}"
)


def split_places(text: str, start: int, shape: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where the pieces are of what begins at `start` and has this shape once they are joined; none for one piece."""
    places = [_PIECE.match(text, start).span()]  # type: ignore[union-attr]  # it matches nothing, too
    while len(places) < MOST_PIECES and (join := _JOIN.match(text, places[-1][1])) is not None:
        places.append(_PIECE.match(text, join.end()).span())  # type: ignore[union-attr]
    match = shape.match("".join(text[first:last] for first, last in places)) if len(places) > 1 else None
    found, left = [], match.end() if match else 0
    for first, last in places:
        if left > 0 and last > first:
            found.append((first, min(last, first + left)))
        left -= last - first
    return found


def with_plain_spaces(text: str) -> str:
    """The text, place by place, with the spaces and the quotation marks that programs write."""
    if not text.isascii():
        for sign in _SPACES:
            text = text.replace(sign, " ")
        for sign in _QUOTES:
            text = text.replace(sign, '"')
    return text
