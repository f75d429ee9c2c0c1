"""Who waits for a job, who cancels one, and what becomes of jobs that the store refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.errors import StorageError, StorageLoginError, StorageLostError, StorageReadOnlyError
from agent_brain_server.services.indexing import job_runner
from agent_brain_server.storage.memory.jobs import MemoryJobs
from agent_brain_server.storage.memory.store import MemoryStore
from support.brain import write_files
from unit.services.job_process import JobProcess

HANGS = 60  # seconds


class GatedJobs(MemoryJobs):
    """Claims a job once `gate` is set; raises `trouble` where there is some."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.trouble: StorageError | None = None
        self.claims = 0

    async def claim(self, now: float) -> Job | None:
        await self.gate.wait()
        self.claims += 1
        if self.trouble is not None:
            raise self.trouble
        return await super().claim(now)


class Gated(MemoryStore):
    def __init__(self) -> None:
        super().__init__(EmbeddingModel("none", 0), "1")
        self.jobs: GatedJobs = GatedJobs()


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(job_runner, "MOST_RETRY_SECONDS", 0.05)


@pytest.fixture
async def store() -> Gated:
    gated = Gated()
    await gated.folders.save(Folder("."))
    return gated


@pytest.fixture
async def process(tmp_path: Path, store: Gated) -> AsyncIterator[JobProcess]:
    write_files(tmp_path, {"a.py": "x = 1\n"})
    async with JobProcess(tmp_path, store) as running:
        yield running
        store.jobs.gate.set()
        store.jobs.trouble = None


async def test_all_who_wait_for_a_job_are_woken(process: JobProcess, store: Gated) -> None:
    job = await process.indexing.start_index([], False)
    impatient = asyncio.create_task(process.runner.wait_for(job.id, 0.05))
    others = [asyncio.create_task(process.runner.wait_for(job.id, HANGS)) for _ in range(2)]
    assert await impatient is False
    store.jobs.gate.set()
    async with asyncio.timeout(HANGS / 2):
        assert await asyncio.gather(*others) == [True, True]
        assert await process.runner.wait_for(job.id, HANGS) is True, "it has ended already"
    assert process.runner._waiters._events == {}


async def test_cancelled_jobs_are_forgotten(process: JobProcess, store: Gated) -> None:
    for _ in range(3):
        job = await process.indexing.start_index([], False)
        assert (await process.indexing.cancel_job(job.id)).state == "cancelled"
    assert process.runner._cancelled == set()


REFUSALS = [StorageReadOnlyError("Cannot write the index."), StorageLoginError("The login is refused.")]


@pytest.mark.parametrize("trouble", REFUSALS, ids=["read only", "login"])
async def test_a_job_that_waiting_does_not_help_fails_by_name_until_that_is_mended(
    process: JobProcess, store: Gated, trouble: StorageError
) -> None:
    store.jobs.trouble = trouble
    store.jobs.gate.set()
    job = await process.indexing.start_index([], False)
    found = await until_state(process, job, "failed")
    assert found.error == str(trouble)
    assert [(one.state, one.error) for one in await process.indexing.list_jobs(None, 5)] == [("failed", str(trouble))]
    assert process.runner.is_held_up
    store.jobs.trouble = None
    assert (await until_state(process, job, "done")).error == ""
    assert not process.runner.is_held_up


async def test_a_database_that_is_gone_for_now_fails_no_job(process: JobProcess, store: Gated) -> None:
    store.jobs.trouble = StorageLostError("It does not answer.")
    store.jobs.gate.set()
    job = await process.indexing.start_index([], False)
    async with asyncio.timeout(HANGS):
        while store.jobs.claims < 3:
            await asyncio.sleep(0.005)
    found = await process.indexing.job(job.id)
    assert (found.state, found.error) == ("queued", "It does not answer.")
    store.jobs.trouble = None
    await until_state(process, job, "done")


async def test_a_resumed_job_counts_what_it_had_done_before(process: JobProcess, store: Gated) -> None:
    """As a process leaves it that is killed after its first files."""
    job = await store.jobs.add([], False, 1.0)
    await MemoryJobs.claim(store.jobs, 2.0)
    before = Progress(files_done=7, files_total=9, files_changed=7, files_removed=2, chunks_done=50, texts_embedded=40)
    await store.jobs.save_progress(job.id, before)
    store.jobs.gate.set()
    process.runner.wake()
    progress = (await until_state(process, job, "done")).progress
    assert (progress.files_changed, progress.files_removed) == (8, 2)
    assert (progress.chunks_done, progress.chunks_total, progress.texts_embedded) == (51, 51, 40)
    assert (progress.files_done, progress.files_total) == (1, 1)


async def until_state(process: JobProcess, job: Job, state: str) -> Job:
    async with asyncio.timeout(HANGS):
        while (found := await process.indexing.job(job.id)).state != state:
            await asyncio.sleep(0.005)
    return found
