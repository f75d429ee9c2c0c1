"""A command that waits for a job is served by the next server when the one that it asked is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent_brain_client.processes import has_ended
from support.cli import RETRY_SOURCE, CliProject, cli_project

HANGS = 60  # seconds


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        made.ok("index", "--wait")
        yield made


@pytest.mark.slow
def test_index_waits_for_its_job_in_the_next_server(project: CliProject) -> None:
    server = psutil.Process(json.loads(project.server_file.read_text())["pid"])
    (worker,) = server.children(recursive=True)
    worker.suspend()  # so that the job runs until the server is killed
    project.write({"later.py": "def much_later():\n    return 1\n"})
    waiting = project.popen("index", "--wait", "--json")
    try:
        deadline = time.monotonic() + HANGS
        while project.json("jobs")["jobs"][0]["state"] != "running":
            assert time.monotonic() < deadline
        server.kill()
        output, errors = waiting.communicate(timeout=HANGS)
    finally:
        if waiting.poll() is None:
            waiting.kill()
            waiting.communicate()
        if not has_ended(worker):
            worker.kill()
    assert waiting.returncode == 0, errors
    assert json.loads(output)["state"] == "done"
    assert "later.py" in project.ok("search", "much_later")
    assert json.loads(project.server_file.read_text())["pid"] != server.pid
