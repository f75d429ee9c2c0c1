"""Symbol filters, the same for every backend."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"::|[#/]")


def last_part(symbol: str) -> str:
    """Return the part after the last `.` of a qualified name."""
    return symbol.rpartition(".")[2]


def symbol_names(wanted: tuple[str, ...]) -> list[str]:
    """Return the names that these filter values mean: as written, and with `::`, `#` and `/` taken as `.`."""
    return list(dict.fromkeys(name for value in wanted for name in (value, _SEPARATORS.sub(".", value))))


def symbol_matches(symbol: str, names: list[str]) -> bool:
    """Return whether the qualified name is one of `names` or ends with one, from a `.` on."""
    return any(symbol == name or symbol.endswith(f".{name}") for name in names)
