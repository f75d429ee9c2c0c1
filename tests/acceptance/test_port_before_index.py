"""A port is taken from the moment that a server has it, also while its index is still being opened."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port

CONNECTS_WITHIN_SECONDS = 60.0


@contextmanager
def opening(project: CliProject, port: int) -> Iterator[None]:
    """A server of `project` has the port and opens its index, whose database never answers: it stays like that."""
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(CONNECTS_WITHIN_SECONDS)
        project.environment |= {"AGENT_BRAIN_STORAGE_URL": f"postgresql://a:b@127.0.0.1:{database.getsockname()[1]}/c"}
        start = project.popen("start", "--port", str(port))
        processes = [psutil.Process(start.pid)]
        try:
            with database.accept()[0]:
                processes = [*processes, *processes[0].children(recursive=True)]
                assert len(processes) > 1
                for process in processes:
                    process.suspend()
                yield
        finally:
            for process in processes:
                process.kill()
            start.communicate()


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[tuple[CliProject, CliProject]]:
    with cli_project(tmp_path / "first") as first:
        first.environment |= {"XDG_STATE_HOME": str(tmp_path / "user state")}
        second = CliProject(tmp_path / "second", first.environment.copy())
        (second.root / ".git").mkdir(parents=True)
        for project in (first, second):
            project.write({"retry.py": RETRY_SOURCE})
        yield first, second
        second.run("stop")


def set_up(project: CliProject, *flags: str) -> int:
    """The port that the project then has."""
    project.ok("setup", "--yes", "--embedding", "none", "--no-watch", *flags)
    found = re.search(r"(?m)^AGENT_BRAIN_PORT=(\d+)$", (project.root / ".env.agent-brain").read_text())
    assert found
    return int(found[1])


def move_port(project: CliProject, port: int) -> int:
    """A port that no other test has, as if setup had picked that one."""
    (record,) = Path(project.environment["XDG_STATE_HOME"]).rglob("ports.json")
    moved = free_port()
    for path in (record, project.root / ".env.agent-brain"):
        path.write_text(path.read_text().replace(str(port), str(moved)))
    return moved


def port_of(project: CliProject) -> int:
    """Of the server that runs."""
    return int(json.loads(project.server_file.read_text())["url"].rpartition(":")[2])


def test_a_port_that_the_person_named_is_refused_with_the_way_on(projects: tuple[CliProject, CliProject]) -> None:
    first, second = projects
    set_up(first)
    port = set_up(second, "--port", str(free_port()))
    with opening(first, port):
        done = second.run("start")
        assert (done.returncode, f"port {port} is taken by" in done.stderr) == (3, True), done.stdout + done.stderr
        second.follow(done.stderr.strip().rpartition("Run: ")[2])
        assert port_of(second) != port


def test_a_port_that_setup_picked_is_left_for_another_one(projects: tuple[CliProject, CliProject]) -> None:
    first, second = projects
    set_up(first)
    port = move_port(second, set_up(second))
    with opening(first, port):
        assert f"Port {port} is taken" in second.run("start").stderr
        assert port_of(second) != port
