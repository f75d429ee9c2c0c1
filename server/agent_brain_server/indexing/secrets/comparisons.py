"""Secrets that a name is compared with: `"…" == password`, `strcmp("…", password)`, `"…" | ConvertTo-SecureString`.

Asked only for names that were found and have no value behind them, so none of it is looked for in other places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters, digits

from agent_brain_server.indexing.secrets.pairs import CharRange, Judge

_OF_NAMES = f"{ascii_letters}{digits}_.$>-"
_FUNCTION = r"(?i:\w{0,20}(?:cmp|compare\w{0,9}|equals?|eql|same|digest))\([ \t]{0,4}"
_COMPARING = re.compile(rf"\b{_FUNCTION}[\w.$>-]{{0,40}}$")
_BEFORE = re.compile(
    rf"(?:(?P<call>{_FUNCTION})|(?<![\w\"']))[bBrRuU@$]?(?P<quote>[\"'])(?P<value>[^\"'\n]{{3,200}})(?P=quote)"
    r"[ \t]{0,4}(?:[!=]={1,2}|-i?c?(?i:eq|ne)(?=[ \t])|\.(?i:equals|eql\??|contentequals)\(|(?(call),))"
    r"[ \t]{0,4}[\w.$>-]{0,40}$"
)
_QUOTE = re.compile("[\"']")
_SIGNS = ("=", "(", ",", "eq", "ne")
FARTHEST = 280


def is_compared(text: str, start: int) -> bool:
    """Return whether the name that ends from `start` on is the first argument of a comparison."""
    return _COMPARING.search(text, max(0, start - 80), start) is not None


def find_compared(text: str, start: int, judge: Judge) -> Iterator[CharRange]:
    """Find the value that is written before a name which it is compared with."""
    between = text[max(0, start - 72) : start].rstrip(_OF_NAMES).rstrip(" \t")
    if not between.endswith(_SIGNS) or _QUOTE.search(between[-24:]) is None:
        return
    first = max(text.rfind("\n", max(0, start - FARTHEST), start) + 1, start - FARTHEST)
    if (match := _BEFORE.search(text, max(0, first), start)) and judge(match["value"]):
        yield match.span("value")
