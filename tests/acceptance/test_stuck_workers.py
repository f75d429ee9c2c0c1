"""A worker process that is stuck ends with its server, however the server ends."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent_brain_client.processes import has_ended
from support.cli import RETRY_SOURCE, CliProject, cli_project

ENDS_WITHIN_SECONDS = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        yield made


@pytest.fixture
def stuck(project: CliProject) -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """The server, and its worker process in the middle of a job: it does nothing any more, not even read its input."""
    project.ok("index", "--wait")
    server = psutil.Process(json.loads(project.server_file.read_text())["pid"])
    (worker,) = server.children(recursive=True)
    worker.suspend()
    project.write({"another.py": RETRY_SOURCE})
    job = project.json("index")["id"]
    while project.json("jobs", str(job))["state"] == "queued":
        time.sleep(0.05)
    try:
        yield server, worker
    finally:
        for process in (server, worker):
            if not has_ended(process):
                process.kill()


def assert_ended(*processes: psutil.Process) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while left := [process.pid for process in processes if not has_ended(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.mark.slow
def test_stop_ends_the_worker_of_a_server_that_hangs_too(
    project: CliProject, stuck: tuple[psutil.Process, psutil.Process]
) -> None:
    """Such a server has to be killed, and can end nothing any more."""
    stuck[0].suspend()
    assert f"pid {stuck[0].pid}" in project.ok("stop")
    assert_ended(*stuck)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends a signal for a pipe that closes")
def test_no_worker_outlives_a_server_that_is_killed(stuck: tuple[psutil.Process, psutil.Process]) -> None:
    stuck[0].kill()
    assert_ended(*stuck)
