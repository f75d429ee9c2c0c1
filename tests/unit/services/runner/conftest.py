"""Short times, a small project, a queue that processes share, and a way to start them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.indexing.walking import changes
from agent_brain_server.services.indexing import job_runner, lease
from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.protocol import Store
from support.brain import write_files
from unit.services.processes import FILES, LEASE_SECONDS, Process, Start
from unit.services.shared_stores import Desk


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", LEASE_SECONDS)
    monkeypatch.setattr(changes, "BATCH_FILES", FILES // 3)
    for name, seconds in (
        ("POLL", 0.02),
        ("RETRY", 0.01),
        ("MOST_RETRY", 0.05),
        ("PAUSE", 20.0),
        ("PAUSE_RETRY", 0.01),
    ):
        monkeypatch.setattr(job_runner, f"{name}_SECONDS", seconds)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = [f"{folder}/m{number}.py" for folder in "abc" for number in range(FILES // 3)]
    write_files(tmp_path, {name: f"x = '{name}'\n" for name in names})
    return tmp_path


@pytest.fixture
async def desk() -> Desk:
    memory = MemoryStore(EmbeddingModel("none", 0), "1")
    await memory.folders.save(Folder("."))
    return Desk(memory, LEASE_SECONDS)


@pytest.fixture
async def start(root: Path) -> AsyncIterator[Start]:
    """Start a process on a store; all are stopped in the end."""
    started: list[Process] = []

    def begin(store: Store) -> Process:
        process = Process(root, store)
        process.runner.start()
        started.append(process)
        return process

    yield begin
    for process in started:
        for gate in getattr(process.store, "gates", {}).values():
            gate.set()
        await process.runner.stop()
