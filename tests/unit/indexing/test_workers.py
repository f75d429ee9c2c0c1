"""Worker processes: a crash costs one file, not the job."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from agent_brain_server.errors import WorkersError
from agent_brain_server.indexing.prepare import ReadRequest
from agent_brain_server.indexing.walk import FileEntry
from agent_brain_server.indexing.workers import Workers

PROCESS_ID = "__import__('os').getpid()"


def request(path: Path) -> ReadRequest:
    return ReadRequest(FileEntry(path.name, str(path), ".", path.stat().st_size, path.stat().st_mtime_ns), "", 1000)


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


async def test_what_cannot_be_read_is_a_verdict(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    gone = request(path)
    path.unlink()
    large = tmp_path / "large.py"
    large.write_text("x" * 2000)
    prepared = await Workers(1).prepare([gone, request(large)])
    assert [file.verdict for file in prepared] == ["unreadable", "too_large"]


async def test_processes_that_cannot_start_fail_the_job_and_blame_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    # What a worker imports first is broken for it, not for this process.
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "selectors.py").write_text("raise SystemExit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    monkeypatch.setattr("sys.path", [str(tmp_path / "broken"), *sys.path])
    workers = Workers(1)
    workers.start()
    try:
        with pytest.raises(WorkersError, match="cannot be started"):
            await workers.prepare([request(tmp_path / "a.py")])
    finally:
        workers.stop()
