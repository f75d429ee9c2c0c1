"""Who runs a job when several processes share a queue, and what becomes of it when something fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.embedding.disabled import DisabledEmbedder
from agent_brain_server.errors import StorageError, WriterElsewhereError
from agent_brain_server.folder_consent import FolderConsent
from agent_brain_server.indexing import changes
from agent_brain_server.indexing.walk import WalkLimits
from agent_brain_server.indexing.workers import Workers
from agent_brain_server.services import lease, runner
from agent_brain_server.services.folders import IndexedFolders
from agent_brain_server.services.index_run import Surroundings
from agent_brain_server.services.indexing import IndexingService
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.services.runner import JobRunner
from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.protocol import Store
from support.brain import write_files
from unit.services.shared_stores import Desk, SeenByOne

LEASE_SECONDS = 1.0
FILES = 30


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
        monkeypatch.setattr(runner, f"{name}_SECONDS", seconds)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    names = [f"{folder}/m{number}.py" for folder in "abc" for number in range(FILES // 3)]
    write_files(tmp_path, {name: f"x = '{name}'\n" for name in names})
    return tmp_path


@pytest.fixture
async def desk() -> Desk:
    memory = MemoryStore(EmbeddingModel("none", 0), "1")
    await memory.save_folder(Folder("."))
    return Desk(memory, LEASE_SECONDS)


class Process:
    """A server or worker of the project, as far as its jobs go."""

    def __init__(self, root: Path, store: Store) -> None:
        self.store = store
        limits = WalkLimits(max_file_bytes=10_000)
        folders = IndexedFolders(store, root, limits, FolderConsent(root, ()))
        self.runner = JobRunner(Surroundings(store, DisabledEmbedder(), Workers(1), folders), Metrics())
        self.indexing = IndexingService(store, self.runner, folders)

    async def die(self) -> None:
        """As kill -9 does it: nothing is tidied up."""
        for task in asyncio.all_tasks():
            if task.get_name() == "job-runner" and task is self.runner._task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self.runner._task = None


Start = Callable[[Store], Process]


@pytest.fixture
async def start(root: Path) -> AsyncIterator[Start]:
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


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


async def ended(desk: Desk, job: Job) -> Job:
    async with asyncio.timeout(60):
        while (found := await desk.memory.find_job(job.id)) is None or found.finished_at is None:
            await asyncio.sleep(0.005)
    return found


async def queue(desk: Desk, *paths: str) -> Job:
    return await desk.memory.add_job(paths, False, 1.0)


def held_up(desk: Desk, method: str = "upsert_chunks") -> SeenByOne:
    """A process's store that waits before it does `method`."""
    seen = SeenByOne(desk)
    seen.gates[method] = asyncio.Event()
    return seen


async def test_a_queued_job_is_found_by_a_process_that_was_not_told(desk: Desk, start: Start) -> None:
    start(SeenByOne(desk).store)
    await asyncio.sleep(0.1)
    assert (await ended(desk, await queue(desk))).state == "done"
    assert len(await desk.memory.list_files()) == FILES


async def test_one_process_writes_at_a_time(desk: Desk, start: Start) -> None:
    first, second = held_up(desk), SeenByOne(desk)
    start(first.store)
    jobs = [await queue(desk, path) for path in ("a", "b")]
    await until(lambda: first.waiting)
    start(second.store)
    await until(lambda: second.calls["acquire_writing"] >= 5)
    assert second.calls["claim_job"] == second.calls["requeue_running"] == 0
    first.gates["upsert_chunks"].set()
    finished = [await ended(desk, job) for job in jobs]
    assert [(job.state, job.attempt) for job in finished] == [("done", 1)] * 2


async def test_the_lease_is_kept_as_long_as_a_job_takes_and_given_back_after_it(desk: Desk, start: Start) -> None:
    first, second = held_up(desk), SeenByOne(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    start(second.store)
    await until(lambda: first.calls["renew_writing"] >= 5)
    assert second.calls["claim_job"] == 0
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
    assert len(await desk.memory.list_files()) == FILES


@pytest.mark.parametrize("taken", [False, True], ids=["ended", "taken"])
@pytest.mark.parametrize("method", ["list_files", "upsert_chunks"])
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
        first.lost = {"renew_writing"}
    start(second.store)
    await until(lambda: second.waiting)
    if method == "list_files":  # it learns of it while it only reads
        await until(lambda: first.calls["renew_writing"] >= 4 or (taken and first.calls["renew_writing"]))
    first.lost = set()
    first.gates[method].set()
    await until(lambda: first.calls["acquire_writing"] >= 5)
    found = await desk.memory.find_job(job.id)
    assert found is not None
    assert (found.state, found.attempt) == ("running", 2)
    assert first.calls["upsert_chunks"] == (method == "upsert_chunks")
    assert await desk.memory.list_files() == {}
    second.gates["upsert_chunks"].set()
    assert (await ended(desk, job)).state == "done"


async def test_a_job_cancelled_elsewhere_stops_and_the_next_one_runs(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    start(seen.store)
    first, second = await queue(desk), await queue(desk, "c")
    await until(lambda: seen.waiting)
    await desk.memory.finish_job(first.id, "cancelled", "", Progress(), 2.0)
    seen.gates["upsert_chunks"].set()
    assert (await ended(desk, second)).state == "done"
    found = await desk.memory.find_job(first.id)
    assert found is not None
    assert (found.state, found.finished_at, found.progress) == ("cancelled", 2.0, Progress())
    assert {path[0] for path in await desk.memory.list_files()} == {"a", "c"}


@pytest.mark.parametrize("method", ["upsert_chunks", "save_progress", "list_files", "claim_job", "drop_unused_vectors"])
async def test_a_job_goes_on_when_the_database_is_back(
    desk: Desk, start: Start, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    seen = SeenByOne(desk)
    seen.lost = {method}
    start(seen.store)
    job = await queue(desk)
    with caplog.at_level(logging.INFO):
        await until(lambda: seen.calls[method] >= 3)
        assert (await desk.memory.list_unfinished())[0].id == job.id
        seen.lost = set()
        assert (await ended(desk, job)).state == "done"
    problems = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert problems
    assert all("the database does not answer" in record.getMessage() for record in problems)
    assert not any(record.exc_info for record in problems)


async def test_an_end_that_cannot_be_written_is_written_later(desk: Desk, start: Start) -> None:
    seen = SeenByOne(desk)
    seen.lost = {"finish_job"}
    start(seen.store)
    first, second = await queue(desk, "a"), await queue(desk, "b")
    await until(lambda: seen.calls["finish_job"] >= 3)
    assert seen.calls["claim_job"] == 1
    seen.lost = set()
    assert [(await ended(desk, job)).attempt for job in (first, second)] == [1, 1]


async def test_an_end_that_cannot_be_written_until_the_stop_is_written_by_it(desk: Desk, start: Start) -> None:
    seen = SeenByOne(desk)
    seen.lost = {"finish_job"}
    process = start(seen.store)
    job = await queue(desk, "a")
    await until(lambda: seen.calls["finish_job"])
    seen.lost = set()
    await process.runner.stop()
    found = await desk.memory.find_job(job.id)
    assert found is not None
    assert found.state == "done"


async def test_a_cancelled_job_is_cancelled_though_the_database_was_gone(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    assert (await process.indexing.cancel_job(job.id)).state == "running"
    seen.lost = {"upsert_chunks", "finish_job"}
    seen.gates["upsert_chunks"].set()
    await until(lambda: seen.calls["finish_job"] >= 2)
    seen.lost = set()
    assert (await ended(desk, job)).state == "cancelled"


async def test_stopping_puts_the_job_back_and_the_lease_too(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    stopping = asyncio.create_task(process.runner.stop())
    seen.gates["upsert_chunks"].set()
    await stopping
    found = await desk.memory.find_job(job.id)
    assert found is not None
    assert found.state == "queued"
    assert desk.writer is None


async def test_a_change_of_folders_waits_for_another_process_and_then_gives_up(
    desk: Desk, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = held_up(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    other = start(SeenByOne(desk).store)
    with monkeypatch.context() as impatient:
        impatient.setattr(runner, "PAUSE_SECONDS", 0.3)
        with pytest.raises(WriterElsewhereError, match="agent-brain jobs"):
            await other.indexing.remove_folder(".")
    removing = asyncio.create_task(other.indexing.remove_folder("."))
    first.gates["upsert_chunks"].set()
    await ended(desk, job)
    assert await removing == (FILES, FILES)
    assert await desk.memory.list_files() == {}


async def test_a_reset_ends_the_job_that_runs_elsewhere(desk: Desk, start: Start) -> None:
    first = held_up(desk)
    start(first.store)
    job = await queue(desk)
    await until(lambda: first.waiting)
    other = start(SeenByOne(desk).store)
    resetting = asyncio.create_task(other.indexing.reset())
    await until(lambda: other.store.calls["acquire_writing"])  # type: ignore[attr-defined]
    first.gates["upsert_chunks"].set()
    await resetting
    assert (await ended(desk, job)).state == "cancelled"
    assert await desk.memory.list_files() == {}


async def test_what_runs_when_a_pause_begins_goes_on_after_it(desk: Desk, start: Start) -> None:
    seen = held_up(desk)
    process = start(seen.store)
    job = await queue(desk)
    await until(lambda: seen.waiting)
    inside = asyncio.Event()

    async def pause() -> None:
        async with process.runner.paused():
            found = await desk.memory.find_job(job.id)
            assert found is not None
            assert found.state == "queued"
            inside.set()

    pausing = asyncio.create_task(pause())
    await asyncio.sleep(0)
    seen.gates["upsert_chunks"].set()
    await pausing
    assert inside.is_set()
    assert (await ended(desk, job)).attempt == 2


class Private(MemoryStore):
    """A store of one process that counts how often its queue is looked at."""

    looks = 0

    async def list_unfinished(self) -> list[Job]:
        self.looks += 1
        return await super().list_unfinished()


async def test_a_store_of_one_process_is_not_polled(start: Start) -> None:
    store = Private(EmbeddingModel("none", 0), "1")
    await store.save_folder(Folder("."))
    process = start(store)
    await until(lambda: store.looks)
    await asyncio.sleep(0.2)
    assert store.looks == 1
    job = await process.indexing.start_index([], False)
    await until(lambda: store.looks >= 3)
    assert (await store.list_jobs(None, 1))[0].id == job.id


async def test_what_a_dead_server_left_running_is_run_again(start: Start) -> None:
    store = Private(EmbeddingModel("none", 0), "1")
    await store.save_folder(Folder("."))
    await store.add_job([], False, 1.0)
    await store.claim_job(2.0)
    start(store)
    await until(lambda: store._jobs[1].finished_at)
    assert (store._jobs[1].state, store._jobs[1].attempt) == ("done", 2)


class Settling(MemoryStore):
    settled = 0
    broken = False

    async def settle(self) -> None:
        self.settled += 1
        if self.broken:
            raise StorageError("no space for an index")


@pytest.mark.parametrize("broken", [False, True])
async def test_the_index_is_settled_after_a_job_over_all_of_it(
    start: Start, broken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    store = Settling(EmbeddingModel("none", 0), "1")
    store.broken = broken
    await store.save_folder(Folder("."))
    process = start(store)
    desk = Desk(store, LEASE_SECONDS)
    part = await ended(desk, await process.indexing.start_index(["a"], False))
    assert (part.state, store.settled) == ("done", 0)
    whole = await ended(desk, await process.indexing.start_index([], False))
    assert (whole.state, whole.error, store.settled) == ("done", "", 1)
    assert ("no space for an index" in caplog.text) is broken
