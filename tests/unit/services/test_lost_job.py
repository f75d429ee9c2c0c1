"""A process that has lost a job writes nothing more of it: the row is that of who runs it now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.storage.memory.jobs import MemoryJobs
from agent_brain_server.storage.memory.store import MemoryStore
from support.brain import write_files
from unit.services.job_process import JobProcess

HANGS = 60  # seconds


class TakenOver(MemoryJobs):
    """Another process takes the running job over just before the write `at` of the one that has it."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at
        self.taken = asyncio.Event()
        self.written = asyncio.Event()

    async def save_progress(self, *values: Any, **more: Any) -> bool:
        await self._take("save_progress")
        saved = await super().save_progress(*values, **more)
        self._note()
        return saved

    async def finish(self, *values: Any, **more: Any) -> None:
        await self._take("finish")
        await super().finish(*values, **more)
        self._note()

    async def _take(self, at: str) -> None:
        if at == self._at and not self.taken.is_set():
            self.taken.set()
            assert await self.requeue_running() == 1
            assert await self.claim(5.0) is not None

    def _note(self) -> None:
        if self.taken.is_set():
            self.written.set()


@pytest.mark.parametrize("at", ["save_progress", "finish"])
async def test_the_row_of_a_job_that_was_taken_over_stays_as_it_is(tmp_path: Path, at: str) -> None:
    store = MemoryStore(EmbeddingModel("none", 0), "1")
    store.jobs = taken_over = TakenOver(at)
    await store.folders.save(Folder("."))
    write_files(tmp_path, {"a.py": "x = 1\n"})
    async with JobProcess(tmp_path, store) as process:
        job = await process.indexing.start_index([], False)
        async with asyncio.timeout(HANGS):
            await taken_over.written.wait()
        found: Job | None = await store.jobs.find(job.id)
    assert found is not None
    assert (found.state, found.attempt, found.finished_at) == ("running", 2, None)
    if at == "save_progress":
        assert found.progress == Progress()
