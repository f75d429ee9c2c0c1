"""A search's filters as blocks of SQL and the values bound to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import lru_cache

from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.symbols import last_part, symbol_matches, symbol_names


def filter_blocks(filters: Filters) -> list[str]:
    """Return the names of the blocks that restrict `allowed`."""
    fields = ("languages", "kinds", "paths", "symbols")
    return [f"filter_{field}" for field in fields if getattr(filters, field)]


def filter_values(filters: Filters) -> dict[str, object]:
    """Return what is bound to these blocks. Raise ValueError for a malformed glob."""
    path_matcher(filters.paths)
    names = symbol_names(filters.symbols)
    return {
        "languages": json.dumps(filters.languages),
        "kinds": json.dumps(filters.kinds),
        "paths": json.dumps(filters.paths),
        "symbols": json.dumps(names),
        "last_parts": json.dumps([last_part(name) for name in names]),
    }


def register_functions(connection: sqlite3.Connection) -> None:
    """Give the connection the functions that the blocks call."""
    connection.create_function("path_matches", 2, _path_matches, deterministic=True)
    connection.create_function("symbol_matches", 2, _symbol_matches, deterministic=True)


def _path_matches(globs: str, path: str) -> bool:
    return _matcher(globs)(path)


def _symbol_matches(names: str, symbol: str) -> bool:
    return symbol_matches(symbol, _decoded(names))


@lru_cache(maxsize=64)
def _matcher(globs: str) -> Callable[[str], bool]:
    return path_matcher(tuple(json.loads(globs)))


@lru_cache(maxsize=64)
def _decoded(names: str) -> list[str]:
    decoded: list[str] = json.loads(names)
    return decoded
