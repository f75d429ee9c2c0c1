"""How a name is written down in every language: `.` between its parts, nothing else around them."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_NAME = 200
"""Characters; of a longer name the end is kept."""

_NAME = re.compile(r"[^\W\d]\w*[?!=]?\Z")
_LONGEST_READ = 500
"""Bytes at either end of a longer one that are read."""
_CUT = b"\0\0cut\0\0"
"""No text has it: decoding leaves no NULs."""
_MOST_KNOWN = 4096
_PLAIN = re.compile(r"[\w.]*\Z")
_PLAIN_CALLS = re.compile(r"[\w.()\[\]]*\Z")
_SPACE = re.compile(r"\s+")
_UNSAID = re.compile(r"[\s`]+|[?!]+\.?(?=[\[(])|(?:::)?<[^<>]*(?:<[^<>]*(?:<[^<>]*>[^<>]*)*>[^<>]*)*>")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)+'", re.DOTALL)
_SEPARATORS = re.compile(r"::(?!<)|->|\\|[?!]+\.(?!\[)|&\.|(?<=[\w)\]])[:#](?!:)")
_BRACKETS = re.compile(r"([()\[\]{}])")
_OPENING, _CLOSING = frozenset("([{"), {")": "()", "]": "[]", "}": ""}
_DOTS = re.compile(r"\.{2,}")


def ends(data: bytes, start: int, end: int) -> bytes:
    """Return the bytes between two offsets; of a long stretch only its ends, with a mark between them.

    In a chain of calls each one holds all before it, so that their whole texts are as the square of the file.
    """
    if end - start <= 2 * _LONGEST_READ:
        return data[start:end]
    return data[start : start + _LONGEST_READ] + _CUT + data[end - _LONGEST_READ : end]


@lru_cache(_MOST_KNOWN)
def plain_qualifier(source: bytes) -> str:
    """Return the text before a name: `.` between parts, no white space, arguments, indexes and type arguments."""
    head, mark, tail = source.partition(_CUT)
    if not mark:
        return _plain(_text(source))
    # What is that long has long arguments, say a function: they are what is left out.
    return _plain(f"{_bare(_text(head))}(){_bare(_text(tail))}")


@lru_cache(_MOST_KNOWN)
def split_name(source: bytes) -> tuple[str, str]:
    """Return the text before the last part of a name, and that part; a sign such as `+` is a name as a whole."""
    text = _text(source[-_LONGEST_READ:])
    if _NAME.match(text) or not any(map(str.isalnum, text)):
        return "", _SPACE.sub("", text).strip("()")[-LONGEST_NAME:]
    head, _, name = _plain(text).rstrip("[]()").rpartition(".")
    return head, name


def plain_module(source: bytes) -> str:
    """Return the module that an import names: a path or an address as it is, without quotes."""
    text = _text(source[-_LONGEST_READ:]).strip("\"'<>` \t\r\n;").removesuffix("::")
    return _SEPARATORS.sub(".", text)[-LONGEST_NAME:]


def _text(source: bytes) -> str:
    return source.decode("utf-8", "ignore")


def _plain(text: str) -> str:
    plain = text.replace("::", ".").replace("->", ".")
    if not _PLAIN.match(plain):
        plain = _SEPARATORS.sub(".", _bare(text))
        if not _PLAIN.match(plain):
            said = plain if _PLAIN_CALLS.match(plain) else _UNSAID.sub("", plain)
            plain = _DOTS.sub(".", said) if ".." in said else said
    return plain.strip(".:?!")[-LONGEST_NAME:]


def _bare(text: str) -> str:
    """Return the text with nothing in its brackets, without the text in brackets that begin or end elsewhere."""
    kept: list[str] = []
    depth = 0
    for piece in _BRACKETS.split(_STRINGS.sub('""', text) if '"' in text or "'" in text else text):
        if piece in _OPENING:
            depth += 1
        elif piece in _CLOSING:
            depth -= 1
            if depth < 0:
                kept, depth = [], 0
            elif not depth:
                kept.append(_CLOSING[piece])
        elif not depth:
            kept.append(piece)
    return "".join(kept)
