"""Tokens and passwords that are written in a code: as escapes, in hex, in base64. What is in the code decides.

In code, hex and base64 are only looked at near the words that name them.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

from agent_brain_server.indexing.secrets.pieces import find_in_pieces
from agent_brain_server.indexing.secrets.tokens import Span, shows_token
from agent_brain_server.indexing.secrets.values import CODE, is_password

KIND = "encoded secret"
SHORTEST = 20

_CODED = r"\\(?:(?:x|u00|u\{0{0,4})([2-7][0-9a-fA-F])\}?|(1[0-7]{2}|0?[4-7][0-7]))"
_ESCAPE = re.compile(_CODED)
_ONE = _CODED.replace("([", "(?:[").replace("(1", "(?:1")
_ESCAPED = re.compile(rf"{_ONE}[\w.-]{{0,80}}(?:{_ONE}[\w.-]{{0,80}}){{0,600}}")
_PERCENT = re.compile(r"%[2-7][0-9a-fA-F][\w.~+-]{0,80}(?:%[2-7][0-9a-fA-F][\w.~+-]{0,80}){0,100}")
# Of `_`, `-`, `.` and `=`: a token or an assignment has one of them.
_PERCENT_SIGN = re.compile(r"%(?:5[Ff]|2[DdEe]|3[Dd])")
_PERCENT_CODE = re.compile(r"%([2-7][0-9a-fA-F])")
_LONG = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{28,20000}={0,2}")
_WORD_BEFORE = re.compile(r"[\w.~+-]*$")
_NEAR = 400
_CODES = ("ase64", "hex")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){20,}")
_NAMED = re.compile(r"(?i)(?:(?<!key)token|secret|passw(?:or)?d|pwd|api_?key)[\"']?[=:][ ]?[\"']?([^\s\"'&;,]{6,200})")


def find_encoded(text: str, language: str) -> Iterator[Span]:
    """Find what in `text` is a token or an assignment of a secret once it is decoded."""
    for match in _ESCAPED.finditer(text):
        start = max(text.rfind("\n", max(0, match.start() - 12), match.start()) + 1, match.start() - 12)
        if shows_token(_unescaped(text[start : match.end()])):
            yield Span(match.start(), match.end(), KIND)
    yield from find_in_pieces(text, language)
    if _PERCENT_SIGN.search(text):
        yield from _in_percent(text)
    for first, last in [(0, len(text))] if language not in CODE else _near_words(text):
        for match in _LONG.finditer(text, first, last):
            if _shows_secret(_decoded(match[0])):
                yield Span(match.start(), match.end(), KIND)


def _in_percent(text: str) -> Iterator[Span]:
    """Find the tokens and assignments that are written as a part of a URL."""
    for match in _PERCENT.finditer(text):
        if match.end() - match.start() < SHORTEST // 2:
            continue
        start = match.start() - len(_WORD_BEFORE.search(text, max(0, match.start() - 24), match.start())[0])  # type: ignore[index]  # it matches nothing, too
        plain = _PERCENT_CODE.sub(lambda code: chr(int(code[1], 16)), text[start : match.end()])
        if shows_token(plain) or any(map(is_password, _NAMED.findall(plain))):
            yield Span(match.start(), match.end(), KIND)


def _near_words(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of code near the words for base64 and hex."""
    for word in _CODES:
        at = text.find(word)
        while at >= 0:
            yield max(0, at - _NEAR), at + _NEAR
            at = text.find(word, at + _NEAR)


def _unescaped(escaped: str) -> str:
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16) if match[1] else int(match[2], 8)), escaped)
    return plain if len(plain) >= SHORTEST else ""


def _decoded(code: str) -> str:
    """Return the ASCII text that hex or base64 encodes, empty where it encodes none."""
    if _HEX.fullmatch(code):
        data = bytes.fromhex(code)
    else:
        bare = code.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        try:
            data = b64decode(bare + "=" * (-len(bare) % 4))
        except (Error, ValueError):
            return ""
    return data.decode("ascii") if data.isascii() else ""


def _shows_secret(plain: str) -> bool:
    if len(plain) < SHORTEST:
        return False
    return "PRIVATE KEY" in plain or shows_token(plain) or any(map(is_password, _NAMED.findall(plain)))
