"""`stop` ends whoever holds the project's lock, and all that was started; the next search is never sent in a circle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent_brain_client.isolation import server_command
from agent_brain_client.processes import has_ended
from support.cli import RETRY_SOURCE, CliProject, cli_project

ENDS_WITHIN_SECONDS = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        yield made


def moved(project: CliProject) -> CliProject:
    after = CliProject(project.root.with_name("moved shop"), project.environment)
    project.root.rename(after.root)
    return after


def server_of(project: CliProject) -> psutil.Process:
    return psutil.Process(json.loads(project.server_file.read_text())["pid"])


def ended(*processes: psutil.Process) -> bool:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while not all(map(has_ended, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(has_ended, processes))


def test_a_search_in_a_moved_project_needs_no_command(project: CliProject) -> None:
    project.ok("index", "--wait")
    before = server_of(project)
    after = moved(project)
    assert "retry.py:1-3" in after.ok("search", "seconds to wait")
    assert ended(before)
    assert f"pid {server_of(after).pid}" in after.ok("stop")
    assert after.ok("stop") == "Not running.\n"
    assert not project.root.exists()


def test_stop_finds_the_server_of_a_moved_project_by_its_lock(project: CliProject) -> None:
    """It hangs, so it does not notice that it is no longer wanted."""
    project.ok("index", "--wait")
    before = server_of(project)
    workers = before.children(recursive=True)
    for process in (*workers, before):
        os.kill(process.pid, signal.SIGSTOP)
    after = moved(project)
    assert after.ok("stop") == f"Stopped (pid {before.pid}).\n"
    assert ended(before, *workers)
    assert not after.server_file.exists()
    assert "retry.py:1-3" in after.ok("search", "seconds to wait")
    after.ok("stop")


@pytest.mark.slow
def test_a_search_that_meets_a_server_that_hangs_names_what_helps(project: CliProject) -> None:
    project.ok("index", "--wait")
    before = server_of(project)
    os.kill(before.pid, signal.SIGSTOP)
    after = moved(project)
    done = after.run("search", "seconds to wait")
    assert (done.returncode, f"another server (pid {before.pid}) is running" in done.stderr) == (3, True), done.stderr
    after.follow(done.stderr.strip().rpartition("Run: ")[2])
    assert "retry.py:1-3" in after.ok("search", "seconds to wait")
    after.ok("stop")


def test_stop_leaves_no_worker_process(project: CliProject) -> None:
    """One that is stuck in a job."""
    project.ok("index", "--wait")
    server = server_of(project)
    (worker,) = server.children(recursive=True)
    worker.suspend()
    project.write({"another.py": RETRY_SOURCE})
    job = project.json("index")["id"]
    while project.json("jobs", str(job))["state"] == "queued":
        time.sleep(0.05)
    project.ok("stop")
    assert ended(server, worker)


def test_stop_does_not_end_a_worker_that_somebody_runs(project: CliProject) -> None:
    """Its command line names the project too."""
    place = server_command("--project", str(project.root), "--worker")
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)", *place[place.index("agent_brain_server") :]]
    with subprocess.Popen(sleeping) as worker:
        try:
            assert project.ok("stop") == "Not running.\n"
            assert worker.poll() is None
        finally:
            worker.kill()


def test_a_damaged_server_file_is_written_again(project: CliProject) -> None:
    project.ok("index", "--wait")
    before = server_of(project)
    project.server_file.write_text('{"url": "http://127.0')
    assert "retry.py:1-3" in project.ok("search", "seconds to wait")
    assert server_of(project).pid == before.pid
    assert f"pid {before.pid}" in project.ok("stop")
