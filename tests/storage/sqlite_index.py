"""A SQLite index in a directory."""

from __future__ import annotations

from pathlib import Path

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER


def store_in(directory: Path, model: EmbeddingModel = MODEL) -> Store:
    """Return the store, not opened yet."""
    return create_store("sqlite:///index.db", directory, model, TOKENIZER)


async def open_and_close(directory: Path) -> None:
    store = store_in(directory)
    await store.open()
    await store.close()
