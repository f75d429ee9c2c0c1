"""Who runs a job when several processes share a queue."""

from __future__ import annotations

import asyncio

import pytest

from agent_brain_server.domain.jobs import Progress
from agent_brain_server.errors import WriterElsewhereError
from agent_brain_server.services.indexing import job_runner
from unit.services.processes import FILES, Start, ended, held_up, queue, until
from unit.services.shared_stores import Desk, SeenByOne


async def test_a_queued_job_is_found_by_a_process_that_was_not_told(desk: Desk, start: Start) -> None:
    start(SeenByOne(desk).store)
    await asyncio.sleep(0.1)
    assert (await ended(desk, await queue(desk))).state == "done"
    assert len(await desk.memory.read(lambda view: view.search.list_files())) == FILES


async def test_one_process_writes_at_a_time(desk: Desk, start: Start) -> None:
    first, second = held_up(desk), SeenByOne(desk)
    start(first.store)
    jobs = [await queue(desk, "a"), await queue(desk, "b", force=True)]
    await until(lambda: first.waiting)
    start(second.store)
    await until(lambda: second.calls["acquire"] >= 5)
    assert second.calls["claim"] == second.calls["requeue_running"] == 0
    first.gates["upsert_chunks"].set()
    finished = [await ended(desk, job) for job in jobs]
    assert [(job.state, job.attempt) for job in finished] == [("done", 1)] * 2


async def test_the_lease_is_kept_as_long_as_a_job_takes_and_given_back_after_it(desk: Desk, start: Start) -> None:
    first, second = held_up(desk), SeenByOne(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    start(second.store)
    await until(lambda: first.calls["renew"] >= 5)
    assert second.calls["claim"] == 0
    first.gates["upsert_chunks"].set()
    assert (await ended(desk, job)).attempt == 1
    await until(lambda: desk.writer is None)


async def test_a_dead_processs_job_is_taken_over(desk: Desk, start: Start) -> None:
    first = held_up(desk)
    dead = start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    await dead.die()
    first.lost = {"*"}
    start(SeenByOne(desk).store)
    taken = await ended(desk, job)
    assert (taken.state, taken.attempt) == ("done", 2)
    assert len(await desk.memory.read(lambda view: view.search.list_files())) == FILES


@pytest.mark.parametrize("taken", [False, True], ids=["ended", "taken"])
@pytest.mark.parametrize("method", ["read", "upsert_chunks"])
async def test_who_has_lost_the_lease_neither_writes_nor_ends_the_job(
    desk: Desk, start: Start, method: str, taken: bool
) -> None:
    first, second = held_up(desk, method), held_up(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    if taken:
        desk.take(second)
    else:
        first.lost = {"renew"}
    start(second.store)
    await until(lambda: second.waiting)
    if method == "read":  # it learns of it while it only reads
        await until(lambda: first.calls["renew"] >= 4 or (taken and first.calls["renew"]))
    first.lost = set()
    first.gates[method].set()
    await until(lambda: first.calls["acquire"] >= 5)
    found = await desk.memory.jobs.find(job.id)
    assert found is not None
    assert (found.state, found.attempt) == ("running", 2)
    assert first.calls["upsert_chunks"] == (method == "upsert_chunks")
    assert await desk.memory.read(lambda view: view.search.list_files()) == {}
    second.gates["upsert_chunks"].set()
    assert (await ended(desk, job)).state == "done"


async def test_a_job_cancelled_elsewhere_stops_and_the_next_one_runs(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    start(seen.store)
    first, second = await queue(desk), await queue(desk, "c", force=True)
    await until(lambda: seen.waiting)
    await desk.memory.jobs.finish(first.id, "cancelled", "", Progress(), 2.0)
    seen.gates["upsert_chunks"].set()
    assert (await ended(desk, second)).state == "done"
    found = await desk.memory.jobs.find(first.id)
    assert found is not None
    assert (found.state, found.finished_at, found.progress) == ("cancelled", 2.0, Progress())
    assert {path[0] for path in await desk.memory.read(lambda view: view.search.list_files())} == {"a", "c"}


async def test_a_change_of_folders_waits_for_another_process_and_then_gives_up(
    desk: Desk, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = held_up(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    other = start(SeenByOne(desk).store)
    with monkeypatch.context() as impatient:
        impatient.setattr(job_runner, "PAUSE_SECONDS", 0.3)
        with pytest.raises(WriterElsewhereError, match="agent-brain jobs"):
            await other.indexing.remove_folder(".")
    removing = asyncio.create_task(other.indexing.remove_folder("."))
    first.gates["upsert_chunks"].set()
    await ended(desk, job)
    assert await removing == (FILES, FILES, None)
    assert await desk.memory.read(lambda view: view.search.list_files()) == {}


async def test_a_reset_ends_the_job_that_runs_elsewhere(desk: Desk, start: Start) -> None:
    first = held_up(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    other = start(SeenByOne(desk).store)
    resetting = asyncio.create_task(other.indexing.reset())
    await until(lambda: other.store.calls["acquire"])  # type: ignore[attr-defined]
    first.gates["upsert_chunks"].set()
    await resetting
    assert (await ended(desk, job)).state == "cancelled"
    assert await desk.memory.read(lambda view: view.search.list_files()) == {}
