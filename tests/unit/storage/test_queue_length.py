"""Queueing a job reads as many jobs of the queue, however long that is: they are counted, not timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.jobs import Job
from agent_brain_server.storage import rows
from agent_brain_server.storage.factory import create_store

MODEL = EmbeddingModel("none", 0)
SHORT, LONG = 10, 160
MORE_THAN_MERGED = 201


def apart(name: str) -> list[str]:
    """Paths of a forced job that no other is merged with."""
    return [f"{name}/{number}" for number in range(MORE_THAN_MERGED)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Every job that is made of a row of the database."""
    made: list[Job] = []
    job = rows.job

    def keep(*row: object) -> Job:
        made.append(job(*row))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(rows, "job", keep)
    return made


async def jobs_read(root: Path, url: str, read: list[Job], queued: int, force: bool) -> int:
    """Return how many are read to queue one more behind `queued` others."""
    store = create_store(url, root / str(queued), MODEL, "1")
    (root / str(queued)).mkdir()
    await store.open()
    try:
        for number in range(queued):
            await store.jobs.add(apart(str(number)), True, 1.0)
        assert len(await store.jobs.list_unfinished()) == queued
        read.clear()
        await store.jobs.add(apart("new"), force, 2.0)
        return len(read)
    finally:
        await store.close()


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
async def test_a_job_is_queued_behind_a_long_queue_as_behind_a_short_one(
    tmp_path: Path, request: pytest.FixtureRequest, read: list[Job], backend: str, force: bool
) -> None:
    url = "sqlite:///index.db" if backend == "sqlite" else str(request.getfixturevalue("postgres_url"))
    short = await jobs_read(tmp_path, url, read, SHORT, force)
    long = await jobs_read(tmp_path, url, read, LONG, force)
    assert 1 <= short == long, (short, long)
