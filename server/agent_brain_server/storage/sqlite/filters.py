"""A search's filters as blocks of SQL and the values bound to them."""

from __future__ import annotations

import json

from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.search import Filters
from agent_brain_server.storage.symbols import last_part, symbol_names


def filter_blocks(filters: Filters) -> list[str]:
    """The names of the blocks that restrict `allowed`, `with_allowed` first."""
    fields = ("languages", "kinds", "paths", "symbols")
    return ["with_allowed", *[f"filter_{field}" for field in fields if getattr(filters, field)]]


def filter_values(filters: Filters) -> dict[str, object]:
    """What is bound to these blocks. Raises ValueError for a glob that is none."""
    path_matcher(filters.paths)
    return {
        "languages": json.dumps(filters.languages),
        "kinds": json.dumps(filters.kinds),
        "paths": json.dumps(filters.paths),
        "symbols": json.dumps([_symbol_value(name) for name in symbol_names(filters.symbols)]),
    }


def decode_globs(value: str) -> tuple[str, ...]:
    """The globs that `filter_values` bound as `paths`."""
    return tuple(json.loads(value))


def _symbol_value(name: str) -> dict[str, str]:
    return {"symbol": name, "suffix": f".{name}", "name": last_part(name)}
