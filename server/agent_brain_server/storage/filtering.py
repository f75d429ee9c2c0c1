"""Filters as a predicate, for what is not searched by a database."""

from __future__ import annotations

from collections.abc import Callable

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.symbols import symbol_matches, symbol_names


def chunk_filter(filters: Filters) -> Callable[[Chunk], bool]:
    """Return whether a chunk passes all of `filters`."""
    on_path = path_matcher(filters.paths)
    names = symbol_names(filters.symbols)

    def passes(chunk: Chunk) -> bool:
        return (
            on_path(chunk.path)
            and (not filters.languages or chunk.language in filters.languages)
            and (not filters.kinds or chunk.kind in filters.kinds)
            and (not names or symbol_matches(chunk.symbol, names))
        )

    return passes
