"""The list of folders with their counts is had from the database, without reading the row of every file."""

from __future__ import annotations

import pytest

from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.postgres.store import PostgresStore
from agent_brain_server.storage.sqlite.store import SqliteStore
from support.brain import Brain, write_files


async def test_folders_are_counted_without_their_files(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(brain.root, {"src/a.py": "x = 1\n", "src/b.py": "y = 2\n", "docs/c.md": "# One\n\ntext\n"})
    await brain.call("POST", "/index/folders", json={"path": "src"})
    await brain.call("POST", "/index/folders", json={"path": "docs"})
    await brain.index()
    reads = []

    async def read(store: object, work: object) -> dict[str, object]:
        reads.append(store)
        return {}

    for store in (MemoryStore, PostgresStore, SqliteStore):
        monkeypatch.setattr(store, "read", read)
    listed = (await brain.call("GET", "/index/folders"))["folders"]
    counts = {one["path"]: (one["files"], one["chunks"]) for one in listed}
    assert not reads
    assert (counts["src"], counts["docs"]) == ((2, 2), (1, 1))
