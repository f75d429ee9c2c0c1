"""The further lines of a secret that begins in a string over several lines: between triple quotes or backquotes, in a
here-document, and, where nothing but the secret goes on, between plain quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent_brain_server.indexing.secrets.pairs import CharRange

LONGEST = 4_000
_LINE = re.compile(r"([ \t]*)([^\n]*?)[ \t]*\\?(?:\n|$)")
_OF_TOKEN = re.compile(r"[^\s\"'`<>(){}\[\],;]+")
_OVER_LINES = frozenset(("`", '"""', "'''"))


def find_lines(text: str, opener: str, first: int, end: int, judge: Callable[[str], bool]) -> list[CharRange]:
    """Return the places of a secret whose string is opened by `opener` and has its first line from `first` to `end`;
    nothing where the string ends in that line, or is none."""
    close = _close(text, opener, end)
    if close is None:
        return []
    lines = [(first, end), *_lines(text, end, close)]
    values = [text[start:stop].strip() for start, stop in lines]
    parts = [value for value in values if value]
    if all(map(_OF_TOKEN.fullmatch, parts)):
        continued = text.startswith("\\", end)
        whole = (
            judge(parts[0])
            if opener in ("'", '"') and not continued
            else judge("".join(parts)) or any(map(judge, parts))
        )
    else:
        whole = opener not in ("'", '"') and judge(parts[0])
    if whole:
        return [(start, stop) for start, stop in lines if stop > start]
    return []


def _close(text: str, opener: str, end: int) -> int | None:
    """Return where the string ends that goes on after `end`; None where it ends in that line, or never."""
    rest = text[end : end + 2]
    if not (rest.startswith("\n") or rest == "\\\n"):
        return None
    last = min(len(text), end + LONGEST)
    if opener.startswith("<<"):
        name = re.escape(opener.lstrip("<~- ").strip("\"'"))
        found = re.compile(rf"\n[ \t]*(?={name}\b)").search(text, end, last)
        return found.start() if found else None
    if opener in _OVER_LINES or opener in ("'", '"'):
        at = text.find(opener, end, last)
        return at if at >= 0 else None
    return None


def _lines(text: str, end: int, close: int) -> Iterator[CharRange]:
    at = text.find("\n", end) + 1
    while at < close and (line := _LINE.match(text, at, close)) is not None:
        yield line.span(2)
        at = line.end()
