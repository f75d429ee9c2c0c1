"""`agent-brain doctor`: each finding has a stable id, a state and a fix."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def findings(project: CliProject, expect: int) -> dict[str, dict[str, Any]]:
    import json

    done = project.run("doctor", "--json")
    assert done.returncode == expect, done.stdout + done.stderr
    listed = json.loads(done.stdout)["findings"]
    assert all(set(finding) == {"id", "state", "detail", "fix"} for finding in listed)
    assert all(bool(finding["fix"]) == (finding["state"] != "ok") for finding in listed)
    return {finding["id"]: finding for finding in listed}


def test_a_bare_project(project: CliProject) -> None:
    found = findings(project, expect=1)
    assert found["setup"]["state"] == "fail"
    assert found["setup"]["fix"] == "agent-brain setup --yes"
    assert list(project.root.iterdir()) == [project.root / ".git"]


def test_a_project_in_order(project: CliProject) -> None:
    project.write({"retry.py": RETRY_SOURCE})
    project.set_up()
    stopped = findings(project, expect=0)
    assert set(stopped) == {"python", "packages", "setup", "config", "modes", "state", "disk", "server", "port"}
    project.ok("index", "--wait")
    running = findings(project, expect=0)
    assert {name: finding["state"] for name, finding in running.items()} == dict.fromkeys(
        [*stopped, "index", "watcher"], "ok"
    )
    assert "ok    " in project.ok("doctor")


def test_loose_modes(project: CliProject) -> None:
    project.set_up()
    (project.root / ".env.agent-brain").chmod(0o640)
    assert findings(project, expect=1)["modes"]["state"] == "fail"
    project.ok("setup", "--yes")
    assert findings(project, expect=0)["modes"]["state"] == "ok"


def test_settings_that_cannot_be_read(project: CliProject) -> None:
    project.set_up()
    (project.state / "config.yaml").write_text("storage: [")
    assert findings(project, expect=1)["config"]["state"] == "fail"


def test_a_taken_port_names_its_holder(project: CliProject) -> None:
    port = free_port()
    project.set_up("--port", str(port))
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        found = findings(project, expect=1)["port"]
    assert f"pid {os.getpid()}" in found["detail"]
    assert found["fix"] == "agent-brain start --port auto"


@pytest.mark.slow
def test_a_server_that_hangs(project: CliProject) -> None:
    project.set_up()
    pid = project.json("start")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert findings(project, expect=1)["server"]["state"] == "fail"
    finally:
        os.kill(pid, signal.SIGCONT)
