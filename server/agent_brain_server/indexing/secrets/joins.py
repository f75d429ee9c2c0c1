"""Tokens that are written in pieces: in string literals that are joined, over tags, emphasis and lines, over invisible
characters."""

from __future__ import annotations

import re

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SPACES = "\u00a0\u2007\u2009\u202f\u3000"
_QUOTES = "\u201c\u201d\u201e"
MOST_PIECES = 12
_PIECE = re.compile(r"[\w.~+/=-]{0,400}")
_JOIN = re.compile(
    r"\\?[\"'`][ \t]{0,9}(?:[+.&\\]|\.\.|\+\+|<>)?\s{0,120}(?:[+.&] ?)?[bBfFrRuU@$]{0,2}\\?[\"'`]"
    r"|\\\r?\n[ \t]{0,40}|</?\w{1,10}(?:[ ][^<>\n]{0,120})?>|<!--[^<>\n]{0,80}-->"
    r"|\*{1,3}(?=\w)|\$\{[ ]?[\"'`]"
    rf"|[{INVISIBLE}]{{1,9}}"
)


def split_places(text: str, start: int, shape: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where the pieces are of what begins at `start` and has this shape once joined; none for one piece."""
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


# How long what follows a prefix is, where all tokens of its issuer have one length.
_LENGTHS = {
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "npm_"), 36), "github_pat_": 82, "glpat-": 20, "hf_": 34,
    "dop_v1_": 64, "shpat_": 32, "GOCSPX-": 28, "rubygems_": 48, "lin_api_": 40, "sbp_": 40,
}  # fmt: skip
_WRAPPED = re.compile(
    r"(?=[A-Za-z_]{0,99}\d)(\w{4,99})-?[ \t]{0,9}\r?\n[ \t]{0,40}(?:(?:#+|//+|\*+|--+|;+|>+|%+)[ \t]{0,9})?"
    r"(\w{2,99})(?![\w-])"
)


def wrapped_places(text: str, start: int, prefix: str) -> list[tuple[int, int]]:
    """Return where the pieces are of a token that goes on in the next line, if it is as long as its issuer's are."""
    length = _LENGTHS.get(prefix)
    match = _WRAPPED.match(text, start) if length else None
    return [match.span(1), match.span(2)] if match and len(match[1]) + len(match[2]) == length else []


def with_plain_spaces(text: str) -> str:
    """Return the text, place by place, with the spaces and the quotation marks that programs write."""
    if not text.isascii():
        for sign in _SPACES:
            text = text.replace(sign, " ")
        for sign in _QUOTES:
            text = text.replace(sign, '"')
    return text
