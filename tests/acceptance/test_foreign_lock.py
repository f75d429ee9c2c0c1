"""The lock of a server says who may be ended and who is waited for: never another project's, never a stranger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from support.cli import CliProject, cli_project

HOLD = """
import fcntl, sys
held = open(sys.argv[1], "a")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
HELD = "When it has ended, run: agent-brain start"
LOCKS = ("server.lock", "lifecycle.lock")


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[tuple[CliProject, CliProject]]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(cli_project(tmp_path / name)) for name in ("one", "other"))
        for project in (one, other):
            project.write({"retry.py": "def retry():\n    return 1\n"})
            project.set_up()
        yield one, other


@contextmanager
def holding(lock: Path) -> Iterator[None]:
    """A process that is no server of ours holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        yield
        assert holder.poll() is None, "the holder was ended"
        holder.stdin.close()


@pytest.mark.parametrize("name", LOCKS)
def test_a_hard_link_to_the_lock_of_another_project_ends_nothing(
    projects: tuple[CliProject, CliProject], name: str
) -> None:
    project, victim = projects
    pid = victim.json("start")["pid"]
    lock = project.state / name
    lock.unlink(missing_ok=True)
    lock.hardlink_to(victim.state / name)
    for command in (["stop"], ["restart"], ["search", "retry"], ["start"], ["uninstall", "--yes"]):
        done = project.run(*command)
        assert done.returncode, command
        assert done.stderr.rstrip().endswith(f"Run: rm {lock}"), done.stderr
        assert psutil.pid_exists(pid), command
    project.follow(f"rm {lock}")
    project.ok("stop")
    project.ok("start")
    assert victim.json("status")["server"]["pid"] == pid


def test_a_foreign_holder_is_named_by_every_command_that_starts(projects: tuple[CliProject, CliProject]) -> None:
    project = projects[0]
    with holding(project.state / "server.lock"):
        for command in (["start"], ["restart"], ["search", "retry"]):
            done = project.run(*command)
            assert done.returncode == 3, command
            assert done.stderr.rstrip().endswith(HELD), done.stderr
    project.ok("start")


def test_a_foreign_holder_is_not_waited_for(projects: tuple[CliProject, CliProject]) -> None:
    """No server is started that could only find out the same, however long that takes on a busy machine."""
    project = projects[0]
    with holding(project.state / "server.lock"):
        project.run("start")
        assert not (project.state / "logs" / "server.log").exists()


@pytest.mark.parametrize("change", [{"pid": 4_000_000}, {"pid": os.getpid()}, {"url": "http://127.0.0.1:9"}, None])
def test_status_finds_the_server_in_spite_of_server_json(
    projects: tuple[CliProject, CliProject], change: dict[str, object] | None
) -> None:
    project = projects[0]
    started = project.json("start")
    claim = json.loads(project.server_file.read_text())
    project.server_file.write_text(json.dumps(claim | change) if change else "nothing")
    status = project.json("status")
    assert (status["running"], status["server"]["pid"]) == (True, started["pid"])


def test_status_names_another_token(projects: tuple[CliProject, CliProject]) -> None:
    project = projects[0]
    project.ok("start")
    done = project.run("status", AGENT_BRAIN_TOKEN="another one that is long enough")
    assert done.returncode == 3
    assert done.stderr.rstrip().endswith("Run: agent-brain restart"), done.stderr
