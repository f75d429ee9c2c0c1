"""A job of one process: it is stopped, paused, taken up again after a crash, and the index is optimized after it."""

from __future__ import annotations

import asyncio

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.jobs import Job
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.memory.index import MemoryIndex
from agent_brain_server.storage.memory.jobs import MemoryJobs
from agent_brain_server.storage.memory.store import MemoryStore
from unit.services.processes import LEASE_SECONDS, Start, ended, held_up, queue, until
from unit.services.shared_stores import Desk


async def test_stopping_puts_the_job_back_and_the_lease_too(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    stopping = asyncio.create_task(process.runner.stop())
    seen.gates["upsert_chunks"].set()
    await stopping
    found = await desk.memory.jobs.find(job.id)
    assert found is not None
    assert found.state == "queued"
    assert desk.writer is None


async def test_what_runs_when_a_pause_begins_goes_on_after_it(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    inside = asyncio.Event()

    async def pause() -> None:
        async with process.runner.paused():
            found = await desk.memory.jobs.find(job.id)
            assert found is not None
            assert found.state == "queued"
            inside.set()

    pausing = asyncio.create_task(pause())
    await asyncio.sleep(0)
    seen.gates["upsert_chunks"].set()
    await pausing
    assert inside.is_set()
    assert (await ended(desk, job)).attempt == 2


class CountingJobs(MemoryJobs):
    """A queue that counts how often it is looked at."""

    looks = 0

    async def list_unfinished(self) -> list[Job]:
        self.looks += 1
        return await super().list_unfinished()


def private() -> tuple[MemoryStore, CountingJobs]:
    """Return a store of one process."""
    store, jobs = MemoryStore(EmbeddingModel("none", 0), "1"), CountingJobs()
    store.jobs = jobs
    return store, jobs


async def test_a_store_of_one_process_is_not_polled(start: Start) -> None:
    store, jobs = private()
    await store.folders.save(Folder("."))
    process = start(store)
    await until(lambda: jobs.looks)
    await asyncio.sleep(0.2)
    assert jobs.looks == 1
    job = await process.indexing.start_index([], False)
    await until(lambda: jobs.looks >= 3)
    assert (await store.jobs.list_newest(None, 1))[0].id == job.id


async def test_what_a_dead_server_left_running_is_run_again(start: Start) -> None:
    store, jobs = private()
    await store.folders.save(Folder("."))
    await store.jobs.add([], False, 1.0)
    await store.jobs.claim(2.0)
    start(store)
    await until(lambda: jobs._jobs[1].finished_at)
    assert (jobs._jobs[1].state, jobs._jobs[1].attempt) == ("done", 2)


class OptimizedIndex(MemoryIndex):
    optimized = 0
    broken = False

    async def optimize(self) -> None:
        self.optimized += 1
        if self.broken:
            raise StorageError("no space for an index")


@pytest.mark.parametrize("broken", [False, True])
async def test_the_index_is_optimized_after_a_job_over_all_of_it(
    start: Start, broken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore(EmbeddingModel("none", 0), "1")
    store.index = index = OptimizedIndex(EmbeddingModel("none", 0))
    index.broken = broken
    await store.folders.save(Folder("."))
    process = start(store)
    desk = Desk(store, LEASE_SECONDS)
    part = await ended(desk, await process.indexing.start_index(["a"], False))
    assert (part.state, index.optimized) == ("done", 0)
    whole = await ended(desk, await process.indexing.start_index([], False))
    assert (whole.state, whole.error, index.optimized) == ("done", "", 1)
    assert ("no space for an index" in caplog.text) is broken
