"""What the server says and does on a bad day: each fault on the real process, over its socket."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent_brain_server.indexing.reading.prepare import ReadRequest, prepare_file
from agent_brain_server.indexing.walking.walk_result import FileEntry
from support.brain import FINISHED, ServerProcess, configure, write_files
from support.consent import accept
from support.corpus import long_source, source_files, write_project, write_small_files
from support.faults import PeakMemory, fill_disk, read_only, small_disk, taken_port, undecodable_name

RETRY = "def schedule_retry(delay):\n    return delay * 2\n"
MOST_MEGABYTES = 300
SMALL_FILES = 8_000
LARGE_FILES, CHUNKS_A_FILE = 160, 100


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "mein Läden é 店"
    project.mkdir()
    configure(project)
    return project


@pytest.fixture
def server(root: Path) -> Iterator[ServerProcess]:
    with ServerProcess(root) as running:
        yield running


def ended(server: ServerProcess, job_id: int) -> Any:
    """The job when it has ended, however."""
    deadline = time.monotonic() + 60
    while (job := server.http.get(f"/index/jobs/{job_id}").json())["state"] not in FINISHED:
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    return job


def started(server: ServerProcess, **body: Any) -> int:
    response = server.http.post("/index", json=body)
    assert response.status_code == 202, response.text
    return int(response.json()["id"])


def wait_until_it_writes(server: ServerProcess, job_id: int) -> None:
    deadline = time.monotonic() + 30
    while not server.http.get(f"/index/jobs/{job_id}").json()["progress"]["files_done"]:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def paths(server: ServerProcess, query: str, mode: str = "bm25") -> set[str]:
    response = server.http.post("/query", json={"query": query, "mode": mode, "top_k": 200})
    assert response.status_code == 200, response.text
    return {result["path"] for result in response.json()["results"]}


def refused(root: Path, *flags: str) -> str:
    """The one sentence with which the server does not start."""
    command = [sys.executable, "-m", "agent_brain_server", "--project", str(root), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("agent-brain: ")
    return lines[0]


def test_spaces_and_other_letters_in_paths(root: Path, server: ServerProcess) -> None:
    files = {"Grüße an/über uns.py": RETRY, "中文/重试.md": "# retry\n\nretry\n", "a b/c  d/e.ts": "const retry = 1;\n"}
    write_files(root, files)
    assert server.index()["progress"]["files_done"] == len(files)
    assert paths(server, "retry") == set(files)
    assert paths(server, "über") == {"Grüße an/über uns.py"}
    found = server.http.post("/query", json={"query": "retry", "filters": {"paths": ["Grüße an/"]}}).json()
    assert [result["path"] for result in found["results"]] == ["Grüße an/über uns.py"]


def test_a_read_only_project_is_refused_in_one_sentence(root: Path) -> None:
    with read_only(root):
        sentence = refused(root)
    assert str(root / ".claude" / "agent-brain") in sentence
    assert "Read-only file system" in sentence


def test_a_read_only_project_is_served_with_its_index_elsewhere(root: Path, tmp_path: Path) -> None:
    """Only the state directory must be writable; the sources need not be."""
    sources = root / "sources"
    write_files(sources, {"retry.py": RETRY})
    with read_only(sources), ServerProcess(root) as server:
        server.index()
        assert paths(server, "retry") == {"sources/retry.py"}


def test_a_taken_port_is_named_with_the_way_on(root: Path) -> None:
    with taken_port() as port:
        sentence = refused(root, "--port", str(port))
    assert f"port {port} is taken" in sentence
    assert "agent-brain start --port auto" in sentence


def test_links_that_loop_are_not_followed(root: Path, server: ServerProcess) -> None:
    write_files(root, {"a/retry.py": RETRY})
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to("self")
    (root / "there").symlink_to("back")
    (root / "back").symlink_to("there")
    job = server.index()
    assert paths(server, "retry") == {"a/retry.py"}
    assert job["progress"]["files_done"] == 1
    assert job["progress"]["skipped"]["link"] == 4


def test_a_fifo_and_an_odd_name_hold_nothing_up(root: Path, server: ServerProcess) -> None:
    write_files(root, {"retry.py": RETRY})
    os.mkfifo(root / "pipe.py")
    odd = undecodable_name(root)
    job = server.index()
    assert paths(server, "retry undecodable") == {"retry.py"}
    assert job["progress"]["skipped"]["not_a_file"] == 1
    assert job["progress"]["skipped"].get("unreadable", 0) == (1 if odd else 0)


def test_a_file_that_changes_while_it_is_read_ends_up_as_it_is(root: Path, server: ServerProcess) -> None:
    write_project(root, 300)
    changing = root / "changing.py"
    end = threading.Event()

    def write() -> None:
        number = 0
        while not end.is_set():
            changing.write_text(f"changing_{number} = '{'x' * (number % 97)}'\n" * (number % 50 + 1))
            number += 1

    changing.write_text("changing = 0\n")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            server.index("changing.py")
        server.index()
    finally:
        end.set()
        writer.join()
    changing.write_text("finally_settled = 1\n")
    server.index()
    assert paths(server, "settled") == {"changing.py"}
    found = server.http.post("/query", json={"query": "changing", "mode": "bm25"}).json()["results"]
    assert [(result["text"].strip(), result["stale"]) for result in found] == [("finally_settled = 1", False)]


@pytest.mark.parametrize("kind", ["pipe", "link", "directory", "gone", "grown"])
def test_a_file_that_becomes_another_kind_before_it_is_read_is_not_read(tmp_path: Path, kind: str) -> None:
    """Between the walk and the reading: nothing waits for a pipe, and no link leads out of the project."""
    path = tmp_path / "a.py"
    (tmp_path / "elsewhere").write_text(RETRY)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("elsewhere")
    elif kind == "directory":
        path.mkdir()
    elif kind == "grown":
        path.write_text(RETRY * 100)
    entry = FileEntry("a.py", str(path), ".", len(RETRY), 0)
    prepared = prepare_file(ReadRequest(entry, "", 2 * len(RETRY)))
    assert prepared.verdict == ("too_large" if kind == "grown" else "gone")
    assert not prepared.chunks


def test_a_killed_worker_costs_nothing(root: Path, server: ServerProcess) -> None:
    write_project(root, 1_500)
    job_id = started(server)
    wait_until_it_writes(server, job_id)
    workers = [child for child in psutil.Process(server.process.pid).children() if "spawn_main" in str(child.cmdline())]
    assert workers
    workers[0].kill()
    job = ended(server, job_id)
    assert (job["state"], job["progress"]["files_done"], job["progress"]["files_failed"]) == ("done", 1_500, 0)
    status = server.http.get("/health/status").json()["index"]
    assert (status["files"], status["chunks"]) == (1_500, job["progress"]["chunks_done"])


def test_a_text_of_two_batches_is_embedded_by_the_one_that_is_written_first(root: Path, server: ServerProcess) -> None:
    """The first batch takes long to parse, so that the next is ready before it."""
    write_files(root, {"a/slow.py": long_source(300, 1), "a/same.py": RETRY})
    write_files(root, {f"b/same{number:03}.py": RETRY for number in range(200)})
    assert server.index()["progress"]["files_failed"] == 0
    assert len(paths(server, "retry", "vector")) >= 1


@pytest.fixture
def small(root: Path) -> Iterator[Path]:
    """The project's state directory, on a disk of 24 MB."""
    state = root / ".claude" / "agent-brain"
    config = (state / "config.yaml").read_text()
    with small_disk(state, 24):
        (state / "config.yaml").write_text(config)
        accept(root)
        yield state


@pytest.mark.parametrize("left", [0, 100_000, 1_000_000])
def test_a_full_disk_fails_the_job_in_one_sentence_and_loses_nothing(root: Path, small: Path, left: int) -> None:
    write_files(root, dict(source_files(200, seed=2)))
    with ServerProcess(root) as server:
        server.index()
        filler = fill_disk(small, left)
        write_files(root, {f"late/m{number}.py": long_source(CHUNKS_A_FILE, number) for number in range(20)})
        assert_failed_in_one_sentence(server)
        assert server.http.get("/health").status_code == 200
        assert server.http.get("/health/status").json()["index"]["files"] >= 200
        assert paths(server, "retry")
        filler.unlink()
        job = server.index()
        assert job["progress"]["files_done"] == 220
        assert server.http.get("/health/status").json()["index"]["files"] == 220
    with ServerProcess(root) as server:
        assert server.index()["progress"]["files_changed"] == 0


def test_a_disk_that_fills_up_under_a_job_leaves_no_job_behind(root: Path, small: Path) -> None:
    write_project(root, 1_500)
    with ServerProcess(root) as server:
        job_id = started(server)
        wait_until_it_writes(server, job_id)
        filler = fill_disk(small)
        time.sleep(2)
        assert server.http.get("/health/status").status_code == 200
        filler.unlink()
        assert server.index()["progress"]["files_done"] == 1_500
        time.sleep(1.5)
        jobs = server.http.get("/index/jobs").json()["jobs"]
        assert {job["state"] for job in jobs} <= {"done", "failed"}
        assert server.http.get("/health/status").json()["index"]["files"] == 1_500


def assert_failed_in_one_sentence(server: ServerProcess) -> None:
    response = server.http.post("/index", json={})
    if response.status_code == 503:
        sentence = response.json()["detail"]
    else:
        job = ended(server, response.json()["id"])
        assert job["state"] == "failed", job
        sentence = job["error"]
    assert "the disk is full: free some space" in sentence
    assert "\n" not in sentence


@pytest.mark.slow
def test_many_small_files_in_bounded_memory(root: Path) -> None:
    configure(root, embedding={"provider": "none"})
    write_small_files(root, SMALL_FILES)
    with ServerProcess(root) as server, PeakMemory(server.process.pid) as peak:
        begun = time.monotonic()
        job = server.index()
        took = time.monotonic() - begun
        assert job["progress"]["files_done"] == SMALL_FILES
        found = server.http.post("/query", json={"query": "m7234", "mode": "bm25"}).json()["results"]
        assert found[0]["path"] == "many0014/m7234.py"
    print(f"\n{SMALL_FILES} files: {took:.1f} s, {peak.megabytes:.0f} MB at most")
    assert peak.megabytes < MOST_MEGABYTES


@pytest.mark.slow
def test_many_chunks_in_bounded_memory(root: Path) -> None:
    write_files(root, {f"m{number:04}.py": long_source(CHUNKS_A_FILE, number) for number in range(LARGE_FILES)})
    with ServerProcess(root) as server, PeakMemory(server.process.pid) as peak:
        begun = time.monotonic()
        job = server.index()
        took = time.monotonic() - begun
        assert job["progress"]["chunks_done"] >= LARGE_FILES * CHUNKS_A_FILE
        for mode in ("bm25", "vector", "hybrid"):
            assert paths(server, "work on the retry socket", mode)
    print(f"\n{job['progress']['chunks_done']} chunks: {took:.1f} s, {peak.megabytes:.0f} MB at most")
    assert peak.megabytes < MOST_MEGABYTES


CRASHES = """
import os, signal
from agent_brain_server.indexing import chunking
chunk_text = chunking.chunk_text

def crash(path, language, text):
    if "crash the parser" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    return chunk_text(path, language, text)

chunking.chunk_text = crash
"""


def test_a_file_that_crashes_its_parser_costs_itself_alone_and_is_not_tried_again(root: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CRASHES)
    write_files(root, {"good.py": RETRY})
    with ServerProcess(root, {"PYTHONPATH": str(tmp_path / "site")}) as server:
        server.index()
        write_files(root, {"bad.py": "# crash the parser\n", "new.py": "def after_the_crash():\n    pass\n"})
        progress = server.index()["progress"]
        assert progress["files_failed"] == 0
        assert progress["problems"] == ["bad.py: parser gave up: it crashed or needed too much memory"]
        assert paths(server, "after", "bm25") == {"new.py"}
        assert paths(server, "parser", "bm25") == {"bad.py"}
        assert server.index()["progress"]["files_changed"] == 0
        os.utime(root / "bad.py", (1, 1))
        again = server.index()["progress"]
        assert (again["files_changed"], again["problems"]) == (0, [])
        write_files(root, {"bad.py": "# no longer\ndef healed():\n    pass\n"})
        assert server.index()["progress"]["problems"] == []
        assert paths(server, "healed", "bm25") == {"bad.py"}
