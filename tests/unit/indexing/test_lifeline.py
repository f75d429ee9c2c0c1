"""A worker process ends with its server, however busy it is."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from agent_brain_client.processes import has_ended
from agent_brain_server.errors import CodeGoneError
from agent_brain_server.indexing.workers import worker_process
from agent_brain_server.indexing.workers.worker import Worker

ENDS_WITHIN_SECONDS = 60.0
# As a parser in C that never returns: it holds Python's lock, so that no other thread of the process runs.
HOLDS_LOCK = "import ctypes; ctypes.PyDLL(None).sleep(600)"
SERVER = f"""
from agent_brain_server.indexing.workers.worker import Worker
worker = Worker.start()
print(worker.pid, flush=True)
worker.call(exec, {HOLDS_LOCK!r})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends a signal for a pipe that closes")
def test_a_stuck_worker_does_not_outlive_a_server_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = psutil.Process(int(server.stdout.readline()))
        time.sleep(0.5)  # for the call to arrive; were it later, the worker would end just as well
        server.kill()
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    try:
        while not has_ended(worker):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        if not has_ended(worker):
            worker.kill()


def test_a_worker_outlives_the_thread_that_started_it() -> None:
    started: list[Worker] = []
    thread = threading.Thread(target=lambda: started.append(Worker.start()))
    thread.start()
    thread.join()
    (worker,) = started
    assert worker.call(abs, -1) == 1
    worker.close()


def test_missing_code_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "__file__", str(tmp_path / "gone.py"))
    monkeypatch.setattr("agent_brain_server.indexing.workers.worker._CODE", "raise SystemExit(1)")
    with pytest.raises(CodeGoneError, match=r"gone\.py is gone.*Run: agent-brain start"):
        Worker.start()
