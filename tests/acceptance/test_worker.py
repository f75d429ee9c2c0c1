"""`agent-brain worker`: several processes, one queue, one writer a project."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.terms import TOKENIZER_VERSION
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from support.brain import ServerProcess, configure
from support.cli import COMMAND
from support.corpus import write_project
from support.embedding_endpoint import EmbeddingEndpoint
from support.postgres import DatabaseServer

FILES = 1_500
TABLES = "agent_brain"
NO_EMBEDDING = EmbeddingModel("none", 0)


@dataclass
class Shared:
    """One database with the projects that it serves."""

    place: Path
    url: str
    server: DatabaseServer

    def project(self, name: str, files: int = FILES) -> Path:
        root = self.place / name
        root.mkdir()
        configure(root, storage={"url": self.url}, embedding={"provider": "none"})
        write_project(root, files)
        return root

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """`statement` on our tables."""
        return self.server.psql(statement, PostgresConfig.from_url(self.url).database)

    def value(self, statement: str) -> Any:
        return self.sql(statement)[0][0]

    def jobs(self, root: Path) -> list[tuple[Any, ...]]:
        """State, attempt, start and end of each, oldest first."""
        return self.sql(
            f"SELECT state, attempt, started_at, finished_at FROM {TABLES}.jobs"
            f" WHERE project_id = '{location_id(root)}' ORDER BY id"
        )

    def files(self, root: Path) -> int:
        return int(self.value(f"SELECT count(*) FROM {TABLES}.files WHERE project_id = '{location_id(root)}'"))

    def queue(self, root: Path, *wanted: Sequence[str], model: EmbeddingModel = NO_EMBEDDING) -> None:
        """A job for each of these lists of paths, with no process that would run it; the whole index without any."""

        async def add() -> None:
            store = create_store(self.url, root, model, TOKENIZER_VERSION)
            await store.open()
            await store.folders.save(Folder("."))
            for paths in wanted or [()]:
                await store.jobs.add(paths, False, time.time())
            await store.close()

        asyncio.run(add())

    def end_leases(self) -> None:
        """As half a minute without a renewal does."""
        self.sql(f"UPDATE {TABLES}.index_state SET writer_until = clock_timestamp() - interval '1 second'")

    def until_it_writes(self, *roots: Path) -> None:
        until(lambda: self.value(f"SELECT count(DISTINCT project_id) FROM {TABLES}.files") == len(roots))
        assert [self.jobs(root)[0][0] for root in roots] == ["running"] * len(roots)


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str, session_server: DatabaseServer) -> Shared:
    return Shared(tmp_path, postgres_url, session_server)


def until(holds: Any) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def worker(root: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """Runs while this is entered."""
    with subprocess.Popen(
        [COMMAND, "worker", "--project", str(root), *flags], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run_once(root: Path) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "worker", "--once", "--project", str(root)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)


@pytest.mark.parametrize("url", ["sqlite:///.claude/agent-brain/index.db", "memory://"])
def test_an_index_with_one_writer_has_no_workers(tmp_path: Path, url: str) -> None:
    configure(tmp_path, storage={"url": url})
    before = sorted(tmp_path.rglob("*"))
    done = run_once(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"agent-brain: A worker needs PostgreSQL; the index is in {url.partition(':')[0]} ")
    assert "which only the server writes. See docs/scale.md" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_worker_needs_a_project_and_answers_nothing(tmp_path: Path) -> None:
    for flags, sentence in (((), "is not set up"), (("--json",), "no answer to print")):
        command = [COMMAND, "worker", *flags, "--project", str(tmp_path)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        assert done.returncode == 2
        assert sentence in done.stderr
        configure(tmp_path)


def test_the_queue_is_worked_off_without_a_server_and_without_a_token(shared: Shared) -> None:
    root = shared.project("one", 60)
    (root / ".env.agent-brain").unlink()
    shared.queue(root)
    done = run_once(root)
    assert done.returncode == 0, done.stderr
    assert shared.files(root) == 60
    assert [job[:2] for job in shared.jobs(root)] == [("done", 1)]
    assert shared.value(f"SELECT writer IS NULL FROM {TABLES}.index_state") is True
    assert {path.name for path in (root / ".claude" / "agent-brain").iterdir()} == {"config.yaml", "project.json"}
    assert run_once(root).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_after_the_batch_in_hand_and_puts_its_job_back(shared: Shared, number: signal.Signals) -> None:
    root = shared.project("one")
    shared.queue(root)
    with worker(root) as process:
        shared.until_it_writes(root)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert [job[0] for job in shared.jobs(root)] == ["queued"]
    assert shared.value(f"SELECT writer IS NULL FROM {TABLES}.index_state") is True
    assert 0 < shared.files(root) < FILES


@pytest.mark.parametrize("where", ["on this machine", "on another machine"])
def test_a_killed_workers_job_is_taken_over(shared: Shared, where: str) -> None:
    """At once where it can be seen that no process holds the lease any more, else when that has ended."""
    root = shared.project("one")
    shared.queue(root)
    with worker(root) as process:
        shared.until_it_writes(root)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
    assert [job[:2] for job in shared.jobs(root)] == [("running", 1)]
    if where == "on another machine":
        shared.sql(f"UPDATE {TABLES}.index_state SET writer = 'another ' || writer")
    with worker(root, "--once") as heir:
        if where == "on another machine":
            with pytest.raises(subprocess.TimeoutExpired):
                heir.wait(2)
            assert [job[:2] for job in shared.jobs(root)] == [("running", 1)]
            shared.end_leases()
        assert heir.wait(60) == 0
    assert [job[:2] for job in shared.jobs(root)] == [("done", 2)]
    assert shared.files(root) == FILES


def test_two_workers_and_a_server_never_write_a_project_at_once(shared: Shared) -> None:
    root = shared.project("one", 300)
    shared.queue(
        root, *[[name] for name in sorted({path.relative_to(root).parts[0] for path in root.rglob("*.*")})[:6]]
    )
    wanted = len(shared.jobs(root))
    with ExitStack() as stack:
        processes = [stack.enter_context(worker(root, "--once")) for _ in range(2)]
        server = stack.enter_context(ServerProcess(root))
        server.index()
        for process in processes:
            assert process.wait(60) == 0
    jobs = sorted(shared.jobs(root), key=lambda job: job[2])
    assert [job[:2] for job in jobs] == [("done", 1)] * (wanted + 1)
    assert all(before[3] <= after[2] for before, after in pairwise(jobs))
    assert shared.files(root) == 300


def test_two_projects_are_written_at_the_same_time(shared: Shared) -> None:
    roots = [shared.project(name) for name in ("one", "two")]
    for root in roots:
        shared.queue(root)
    with ExitStack() as stack:
        processes = [stack.enter_context(worker(root, "--once")) for root in roots]
        shared.until_it_writes(*roots)
        assert [process.wait(90) for process in processes] == [0, 0]
    assert [shared.files(root) for root in roots] == [FILES, FILES]
    assert [job[:2] for root in roots for job in shared.jobs(root)] == [("done", 1)] * 2


@pytest.fixture
def at_length(shared: Shared) -> Iterator[Path]:
    """A project whose job takes half a minute, because its texts are embedded slowly."""
    root = shared.project("one")
    with EmbeddingEndpoint() as endpoint:
        endpoint.fail("slow", 1_000, seconds=3)
        provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "test", "dimensions": 16}
        configure(root, storage={"url": shared.url}, embedding=provider)
        shared.queue(root, model=EmbeddingModel("test", 16))
        yield root


def test_a_server_shows_and_cancels_the_job_of_a_worker(shared: Shared, at_length: Path) -> None:
    with worker(at_length) as process:
        shared.until_it_writes(at_length)
        with ServerProcess(at_length) as server:
            job = server.http.get("/health/status").json()["job"]
            assert job["state"] == "running"
            refused = server.http.delete("/index/folders", params={"path": "."}, timeout=60)
            assert (refused.status_code, refused.json()["code"]) == (409, "writer_elsewhere")
            assert "agent-brain jobs" in refused.json()["detail"]
            cancelled = server.http.delete(f"/index/jobs/{job['id']}")
            assert cancelled.json()["state"] == "cancelled"
            until(lambda: shared.value(f"SELECT writer IS NULL FROM {TABLES}.index_state"))
            assert server.http.get("/health/status").json()["job"] is None
        assert process.poll() is None
    assert [job[:2] for job in shared.jobs(at_length)] == [("cancelled", 1)]
    assert 0 < shared.files(at_length) < FILES


def test_a_reset_empties_the_index_under_a_workers_job(shared: Shared, at_length: Path) -> None:
    with worker(at_length):
        shared.until_it_writes(at_length)
        with ServerProcess(at_length) as server:
            assert server.http.delete("/index", timeout=60).json()["files"] > 0
            assert shared.files(at_length) == 0
    assert [job[:2] for job in shared.jobs(at_length)] == [("cancelled", 1)]
