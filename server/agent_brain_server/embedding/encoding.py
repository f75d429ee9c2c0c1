"""The packaged table as a plain function, for a worker process too: it imports neither asyncio nor, yet, NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_server.domain.content import FloatArray

if TYPE_CHECKING:
    from agent_brain_server.embedding.static import StaticTable

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def load_table() -> StaticTable:
    """Return the packaged table, read once a process. NumPy is imported here: the server starts without it."""
    from agent_brain_server.embedding.static import StaticTable

    return StaticTable.load(DATA)


def encode(texts: Sequence[str]) -> FloatArray:
    """Return the vectors of `texts`; a plain function, so that a worker process can run it."""
    return load_table().encode(texts)
