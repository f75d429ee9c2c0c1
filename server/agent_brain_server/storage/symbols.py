"""How a symbol filter matches, for every backend."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"::|[#/]")


def last_part(symbol: str) -> str:
    """What stands behind the last `.` of a qualified name."""
    return symbol.rpartition(".")[2]


def symbol_names(wanted: tuple[str, ...]) -> list[str]:
    """The names that these filter values stand for: as written, and with `::`, `#` and `/` taken as `.`."""
    return list(dict.fromkeys(name for value in wanted for name in (value, _SEPARATORS.sub(".", value))))


def symbol_matches(symbol: str, names: list[str]) -> bool:
    """Whether the qualified name is one of `names` or ends with one, from a `.` on."""
    return any(symbol == name or symbol.endswith(f".{name}") for name in names)
