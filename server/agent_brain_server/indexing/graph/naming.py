"""How a name is written down in every language: `.` between its parts, nothing else around them."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_NAME = 200
"""Characters; of a longer name the end is kept."""

_NAME = re.compile(r"[^\W\d]\w*[?!=]?\Z")
_LONGEST_READ = 1_000
_MOST_KNOWN = 4096
_PLAIN = re.compile(r"[\w.]*\Z")
_SPACE = re.compile(r"\s+")
_UNSAID = re.compile(r"[\s`]+")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.){2,}'", re.DOTALL)
_SEPARATORS = re.compile(r"::(?!<)|->|\\|[?!]+\.|&\.|\?(?=[\[(])|!!|(?<=[\w)\]])[:#](?!:)")
_ROUND, _SQUARE = re.compile(r"\([^()]*\)"), re.compile(r"\[[^\[\]]*\]")
_REMOVED = re.compile(r"\{[^{}]*\}|(?:::)?<[^<>]*>")
_UNMATCHED = re.compile(r".*[)\]}>]", re.DOTALL)
_DOTS = re.compile(r"\.{2,}")
_ROUND_MARK, _SQUARE_MARK = "\0", "\1"


@lru_cache(_MOST_KNOWN)
def plain_qualifier(source: bytes) -> str:
    """What stands before a name: `.` between its parts, without white space, arguments, indexes and type arguments."""
    return _plain(_end(source))


@lru_cache(_MOST_KNOWN)
def split_name(source: bytes) -> tuple[str, str]:
    """A name in what stands before its last part, and that; a sign such as `+` is a name as a whole."""
    text = _end(source)
    if _NAME.match(text) or not any(map(str.isalnum, text)):
        return "", _SPACE.sub("", text).strip("()")[-LONGEST_NAME:]
    head, _, name = _plain(text).rstrip("[]()").rpartition(".")
    return head, name


def plain_module(source: bytes) -> str:
    """The module that an import names: a path or an address as it is, without quotes."""
    return _SEPARATORS.sub(".", _end(source).strip("\"'<>` \t\r\n;").removesuffix("::"))[-LONGEST_NAME:]


def _end(source: bytes) -> str:
    return source[-_LONGEST_READ:].decode("utf-8", "ignore")


def _plain(text: str) -> str:
    if not _PLAIN.match(text):
        text = _SEPARATORS.sub(".", _STRINGS.sub('""', text))
        if not _PLAIN.match(text):
            text = _DOTS.sub(".", _without_arguments(_UNSAID.sub("", text)))
    return text.strip(".:?!")[-LONGEST_NAME:]


def _without_arguments(text: str) -> str:
    """Brackets are emptied from the inside out, so that whatever stands in them is gone with them."""
    before = ""
    while before != text:
        before = text
        text = _ROUND.sub(_ROUND_MARK, text)
        text = _SQUARE.sub(_SQUARE_MARK, text)
        text = _REMOVED.sub("", text)
    return _UNMATCHED.sub("", text).replace(_ROUND_MARK, "()").replace(_SQUARE_MARK, "[]")
