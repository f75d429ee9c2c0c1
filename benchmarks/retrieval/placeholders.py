"""A message as a program prints it: the literal of its source with every placeholder filled."""

from __future__ import annotations

import re
from random import Random

_VALUES = ("config.yaml", "example.org", "alpha", "/srv/data.bin", "main", "user-17", "eu-west-1", "v2", "3f2a", "beta")
_NUMBERS = ("3", "42", "1024", "0", "17", "8080")
_FORMATTED = re.compile(
    r"(?P<percent>%%)"
    r"|(?P<number>%[-+ #0]*\d*(?:\.\d+|\.\*)?(?:hh?|ll?|[zjtLq])?[diuxXofFeEgGp])"
    r"|(?P<quoted>%[-+ #0]*\d*(?:\.\d+)?[qr])"
    r"|(?P<named>%\(\w+\)[-\d.]*[sdrifx])"
    r"|(?P<text>%[-+ #0]*\d*(?:\.\d+|\.\*)?[svcTwtlL@](?![A-Za-z])|%\d\$[sd@]|%[%{]\w+\})"
    r"|(?P<braces>\{\{|\}\})"
    r"|(?P<braced>[$#]?\{[^{}\n]{0,80}\})"
    r"|(?P<shell>\$\w[\w.]*(?:\[[^\]]*\])?)"
    r"|(?P<swift>\\\([^()\n]{0,60}(?:\([^()\n]{0,40}\)[^()\n]{0,20})*\))"
)
_ESCAPES = {r"\n": "\n", r"\t": " ", r"\"": '"', r"\'": "'", r"\\": "\\", r"\r": "", r"\`": "`", r"\$": "$"}
_ESCAPE = re.compile(r"\\(?:[ntr\"'`$\\])")
_OTHER_ESCAPE = re.compile(r"\\(?:[xuU0-7]|[abefv])")
_UNFILLED = re.compile(r"[$#]\{|\\\(|\{[^}]*\Z")


def filled(literal: str, random: Random) -> str | None:
    """Return the first line of the literal's text that a program would print, None where it cannot be known."""

    def value(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "percent":
            return "%"
        if kind == "braces":
            return match[0][0]
        if kind == "number":
            return random.choice(_NUMBERS)
        chosen = random.choice(_VALUES + _NUMBERS[:2])
        return f"'{chosen}'" if kind == "quoted" else chosen

    if _OTHER_ESCAPE.search(literal):
        return None
    printed = _ESCAPE.sub(lambda match: _ESCAPES[match[0]], _FORMATTED.sub(value, literal))
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    line = next((line for line in lines if line), None)
    return None if line is None or _UNFILLED.search(line) else line


def words_of(literal: str) -> int:
    """Return how many words with white space between them the literal has, apart from its placeholders."""
    words = _FORMATTED.sub(" ", _ESCAPE.sub(" ", literal)).split()
    return sum(re.search(r"[A-Za-z]{2,}", word) is not None for word in words)
