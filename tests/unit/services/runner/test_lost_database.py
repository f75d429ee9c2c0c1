"""What becomes of a job when the database does not answer for some time."""

from __future__ import annotations

import logging

import pytest

from unit.services.processes import Start, ended, held_up, queue, until
from unit.services.shared_stores import Desk, SeenByOne


@pytest.mark.parametrize("method", ["upsert_chunks", "save_progress", "read", "claim", "drop_unused_vectors"])
async def test_a_job_goes_on_when_the_database_is_back(
    desk: Desk, start: Start, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen = SeenByOne(desk)
    seen.lost = {method}
    start(seen.store)
    job = await queue(desk)
    with caplog.at_level(logging.INFO):
        await until(lambda: seen.calls[method] >= 3)
        assert (await desk.memory.jobs.list_unfinished())[0].id == job.id
        seen.lost = set()
        assert (await ended(desk, job)).state == "done"
    problems = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert problems
    assert all("the database does not answer" in record.getMessage() for record in problems)
    assert not any(record.exc_info for record in problems)


async def test_an_end_that_cannot_be_written_is_written_later(desk: Desk, start: Start) -> None:
    seen = SeenByOne(desk)
    seen.lost = {"finish"}
    start(seen.store)
    first, second = await queue(desk, "a"), await queue(desk, "b", force=True)
    await until(lambda: seen.calls["finish"] >= 3)
    assert seen.calls["claim"] == 1
    seen.lost = set()
    assert [(await ended(desk, job)).attempt for job in (first, second)] == [1, 1]


async def test_an_end_that_cannot_be_written_until_the_stop_is_written_by_it(desk: Desk, start: Start) -> None:
    seen = SeenByOne(desk)
    seen.lost = {"finish"}
    process = start(seen.store)
    job = await queue(desk, "a")
    await until(lambda: seen.calls["finish"])
    seen.lost = set()
    await process.runner.stop()
    found = await desk.memory.jobs.find(job.id)
    assert found is not None
    assert found.state == "done"


async def test_a_cancelled_job_is_cancelled_though_the_database_was_gone(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    assert (await process.indexing.cancel_job(job.id)).state == "running"
    seen.lost = {"upsert_chunks", "finish"}
    seen.gates["upsert_chunks"].set()
    await until(lambda: seen.calls["finish"] >= 2)
    seen.lost = set()
    assert (await ended(desk, job)).state == "cancelled"
