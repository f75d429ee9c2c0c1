"""Secrets in an expression with a name: the other value of a choice, one of several that are assigned at once.

Asked only for names that were found and have no value behind them, so none of it is looked for in other places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters, digits

from agent_brain_server.indexing.secrets.pairs import CharRange, Judge

LONGEST_LINE = 300
_CHOICES = ("?", "||", " or ", " else ", " if ")
_STRING = r"[bBrRuU]?(?P<quote>[\"'`])(?P<value>[^\"'`\n]{3,200})(?P=quote)"
_ALTERNATIVE = re.compile(
    r"[\"'\])}]{0,3}[ \t]{0,4}(?::?=(?!=)|:[ ])(?:[^,;\"'`\n()]|[\"'][^\"'\n]{0,80}[\"']|\([^()\n]{0,80}\)){0,160}?"
    rf"(?:\b(?:else|or)[ \t]|\|\||\?[?:]|[ \t]\?[ \t][^:\n]{{1,80}}:|[ \t]\?(?=[ \t]))[ \t]{{0,4}}{_STRING}"
)
_CHOSEN = re.compile(rf"[\"'\])}}]{{0,3}}[ \t]{{0,4}}:?=[ \t]{{0,4}}{_STRING}[ \t]{{1,4}}if[ \t]")
_TARGETS = re.compile(
    r"[ \t]{0,80}(?:(?:auto|const|final|let|local|my|our|val|var)[ \t]{1,4})?[(\[]?"
    r"([\w.$@]{1,60}(?:[ \t]{0,4},[ \t]{0,4}[\w.$@]{1,60}){1,8})[)\]]?[ \t]{0,4}:?=(?!=)[ \t]{0,4}[(\[]?"
)
_ITEM = re.compile(
    r"[ \t]{0,4}(?:[bBrRuU]?(?:\"((?:[^\"\\\n]|\\.){0,300})\"|'((?:[^'\\\n]|\\.){0,300})')|[^,\"'\n;]{0,200})"
    r"[ \t]{0,4}(,?)"
)
_OF_NAMES = f"{ascii_letters}{digits}_.$@"


def find_alternative(text: str, start: int, end: int, judge: Judge) -> Iterator[CharRange]:
    """Find the string that is assigned to the name from `start` to `end` in one case of several, or with others."""
    stop = text.find("\n", end, end + LONGEST_LINE)
    stop = stop if stop >= 0 else end + LONGEST_LINE
    rest = text[end:stop]
    if any(sign in rest for sign in _CHOICES):
        for match in (_CHOSEN.match(text, end, stop), _ALTERNATIVE.match(text, end, stop)):
            if match is not None and judge(match["value"]):
                yield match.span("value")
    yield from find_unpacked(text, start, end, judge)


def find_unpacked(text: str, start: int, end: int, judge: Judge) -> Iterator[CharRange]:
    """Find the string of the name in `user, password = "bob", "…"`."""
    item = unpacked_item(text, start, end)
    group = 1 if item and item[1] else 2
    if item and item[group] and judge(item[group]):
        yield item.span(group)


def unpacked_item(text: str, start: int, end: int) -> re.Match[str] | None:
    """Return the value of the name from `start` on, where several names are assigned at once."""
    before = text[max(0, start - 60) : start].rstrip(_OF_NAMES)
    if not before.endswith((",", ", ")) and not text.startswith(",", end):
        return None
    line = text.rfind("\n", max(0, start - LONGEST_LINE), start) + 1
    if start - line > LONGEST_LINE or (match := _TARGETS.match(text, line)) is None or match.end(1) < start:
        return None
    item, at = None, match.end()
    for _ in range(text.count(",", line, start) + 1):
        if item and not item[3]:
            return None
        item = _ITEM.match(text, at)
        at = item.end() if item else at
    return item
