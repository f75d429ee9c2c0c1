"""Worker processes: a file that ends its process costs itself alone, and only its symbols."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from agent_brain_server.errors import WorkersError
from agent_brain_server.indexing.reading.prepare import ReadRequest
from agent_brain_server.indexing.walking.walk_result import FileEntry
from agent_brain_server.indexing.workers.pool import Workers

PROCESS_ID = "__import__('os').getpid()"


GREET = "def greet():\n    return 'hello'\n"
# What a parser may do to its process, by the text of a file.
BEHAVIOURS = """
import os, signal, time
from agent_brain_server.indexing import chunking

chunk_text = chunking.chunk_text

def behave(path, language, text):
    if "eat memory" in text:
        held = bytearray(1 << 30)
    if "spin" in text:
        while True:
            pass
    if "hang" in text:
        time.sleep(600)
    if "crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "killed once" in text and not os.path.exists(path_of_mark):
        open(path_of_mark, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if "raise" in text:
        raise ValueError("a defect of the chunker")
    return chunk_text(path, language, text)

path_of_mark = os.environ["MARK"]
chunking.chunk_text = behave
"""


def request(path: Path) -> ReadRequest:
    return ReadRequest(FileEntry(path.name, str(path), ".", path.stat().st_size, path.stat().st_mtime_ns), "", 1000)


def requests(folder: Path, *texts: str) -> list[ReadRequest]:
    """Return a file a text."""
    for number, text in enumerate(texts):
        (folder / f"{number}.py").write_text(text)
    return [request(folder / f"{number}.py") for number in range(len(texts))]


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(1)
    yield made
    made.close()


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsers in worker processes do what a file says."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BEHAVIOURS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def process_of(workers: Workers) -> int:
    """Return the process id of the worker of small jobs, which is made where there is none."""
    async with workers._worker() as worker:
        return worker.pid


async def test_a_small_job_is_prepared_in_a_process_that_is_kept(tmp_path: Path, workers: Workers) -> None:
    for _ in range(2):
        (file,) = await workers.prepare(requests(tmp_path, GREET))
        assert [chunk.chunk.symbol for chunk in file.chunks] == ["greet"]
    first = await process_of(workers)
    assert first != os.getpid()
    assert await process_of(workers) == first


async def test_a_process_that_nobody_needs_ends(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_brain_server.indexing.workers.pool.IDLE_SECONDS", 0.05)
    await workers.prepare(requests(tmp_path, GREET))
    pid = await process_of(workers)
    while alive(pid):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("name", "value"), [("MOST_VALUES", 1), ("MOST_RESIDENT_BYTES", 1)])
async def test_a_process_that_has_done_much_or_has_grown_is_replaced(
    name: str, value: int, tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = await process_of(workers)
    monkeypatch.setattr(f"agent_brain_server.indexing.workers.worker.{name}", value)
    await workers.prepare(requests(tmp_path, GREET))
    assert await process_of(workers) != pid
    assert not alive(pid)


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("# crash\n", "parser gave up: it crashed or needed too much memory"),
        ("# eat memory\n", "parser gave up: internal error (MemoryError)"),
        ("# spin\n", "parser gave up: it took too long"),
        ("# raise\n", "parser gave up: internal error (ValueError)"),
    ],
)
async def test_a_file_that_its_parser_cannot_take_is_cut_by_lines(
    text: str, note: str, tmp_path: Path, workers: Workers
) -> None:
    before, bad, after = await workers.prepare(requests(tmp_path, GREET, text + GREET, GREET))
    assert [chunk.chunk.symbol for file in (before, after) for chunk in file.chunks] == ["greet", "greet"]
    assert (bad.verdict, bad.note, bad.language) == ("indexed", note, "python")
    assert [(chunk.chunk.kind, chunk.chunk.text) for chunk in bad.chunks] == [("block", (text + GREET).rstrip())]


@pytest.mark.usefixtures("misbehaving")
async def test_a_process_that_does_not_answer_is_ended(
    tmp_path: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await process_of(workers)
    monkeypatch.setattr("agent_brain_server.indexing.workers.worker.STUCK_SECONDS", 2.0)
    (file,) = await workers.prepare(requests(tmp_path, "# hang\n" + GREET))
    assert (file.verdict, file.note) == ("indexed", "parser gave up: it took too long")


@pytest.mark.usefixtures("misbehaving")
async def test_a_file_is_not_to_blame_for_a_process_that_is_killed_once(tmp_path: Path, workers: Workers) -> None:
    (file,) = await workers.prepare(requests(tmp_path, "# killed once\n" + GREET))
    assert (tmp_path / "mark").exists()
    assert (file.note, [chunk.chunk.symbol for chunk in file.chunks]) == ("", ["greet"])


@pytest.mark.usefixtures("misbehaving")
async def test_no_process_is_left_after_a_job_that_is_given_up(tmp_path: Path, workers: Workers) -> None:
    pid = await process_of(workers)
    job = asyncio.create_task(workers.prepare(requests(tmp_path, "# hang\n")))
    await asyncio.sleep(0.2)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    while alive(pid):
        await asyncio.sleep(0.01)


async def test_work_runs_in_this_process_until_started() -> None:
    workers = Workers(1)
    assert await workers.run(eval, PROCESS_ID) == os.getpid()
    workers.start()
    assert await workers.run(eval, PROCESS_ID) != os.getpid()
    workers.stop()
    assert await workers.run(eval, PROCESS_ID) == os.getpid()


async def test_a_killed_worker_is_replaced_and_its_files_are_prepared(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    workers = Workers(1)
    workers.start()
    try:
        psutil.Process(await workers.run(eval, PROCESS_ID)).kill()
        prepared = await workers.prepare([request(tmp_path / "a.py")])
        assert [file.verdict for file in prepared] == ["indexed"]
        assert await workers.run(eval, PROCESS_ID) != os.getpid()
    finally:
        workers.stop()


async def test_what_cannot_be_read_is_a_verdict(tmp_path: Path, workers: Workers) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    gone = request(path)
    path.unlink()
    large = tmp_path / "large.py"
    large.write_text("x" * 2000)
    prepared = await workers.prepare([gone, request(large)])
    assert [file.verdict for file in prepared] == ["gone", "too_large"]


async def test_processes_that_cannot_start_fail_the_job_and_blame_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    # What a worker imports first is broken for it, not for this process.
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "queue.py").write_text("raise SystemExit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    monkeypatch.setattr("sys.path", [str(tmp_path / "broken"), *sys.path])
    workers = Workers(1)
    workers.start()
    try:
        with pytest.raises(WorkersError, match="cannot be started"):
            await workers.prepare([request(tmp_path / "a.py")])
    finally:
        workers.stop()
