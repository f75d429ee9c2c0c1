"""The server's port is another program's: what setup picked is left for another one, what the person named is kept."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent_brain_contract.given_ports import setup_chose
from agent_brain_contract.paths import user_state_directory
from agent_brain_server.errors import SettingsError
from agent_brain_server.process.serve import _listening
from agent_brain_server.settings.consent import load_settings
from support.brain import configure
from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        yield made


def set_up(project: CliProject, *flags: str) -> int:
    """The port that the project then has."""
    project.ok("setup", "--yes", "--embedding", "none", "--no-watch", *flags)
    found = re.search(r"(?m)^AGENT_BRAIN_PORT=(\d+)$", (project.root / ".env.agent-brain").read_text())
    assert found
    return int(found[1])


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # setup picks ports from 8317 on, which another program of this machine may want too
            holder.bind(("127.0.0.1", port))
            holder.listen()
        yield


def port_of(started: dict[str, str]) -> int:
    return int(started["url"].rpartition(":")[2])


def test_start_leaves_a_taken_port_that_setup_picked(project: CliProject) -> None:
    port = set_up(project)
    before = (project.root / ".env.agent-brain").read_text()
    with taken(port):
        done = project.run("start", "--json")
        assert done.returncode == 0, done.stderr
        assert f"Port {port} is taken by" in done.stderr
        assert "using another one" in done.stderr
        started = json.loads(done.stdout)
        assert port_of(started) != port
        assert project.json("status")["server"]["pid"] == started["pid"]
        findings = project.run("doctor", "--json").stdout
        (found,) = [one for one in json.loads(findings)["findings"] if one["id"] == "port"]
        assert (found["state"], f"uses {port_of(started)}" in found["detail"]) == ("ok", True)
    assert (project.root / ".env.agent-brain").read_text() == before, "the settings are setup's to change"


def test_start_keeps_to_a_port_that_the_person_named(project: CliProject) -> None:
    port = set_up(project, "--port", str(free_port()))
    for _ in range(2):
        with taken(port):
            done = project.run("start")
            assert (done.returncode, done.stdout) == (3, "")
            assert f"port {port} is taken by" in done.stderr
            command = done.stderr.strip().rpartition("Run: ")[2]
            project.follow(command)
            project.ok("stop")
        set_up(project, "--idle-stop-minutes", "20")  # a later setup that does not speak of the port


@pytest.mark.parametrize("where", ["environment", "file"])
def test_start_keeps_to_a_port_that_was_set_otherwise(project: CliProject, where: str) -> None:
    port = set_up(project)
    other = free_port()
    variables = {"AGENT_BRAIN_PORT": str(other)} if where == "environment" else {}
    if where == "file":
        settings = project.root / ".env.agent-brain"
        settings.write_text(settings.read_text().replace(str(port), str(other)))
    with taken(other):
        done = project.run("start", **variables)
        assert (done.returncode, f"port {other} is taken by" in done.stderr) == (3, True), done.stderr


def test_a_copy_leaves_the_port_of_the_project_that_it_is_of(project: CliProject, tmp_path: Path) -> None:
    project.environment["XDG_STATE_HOME"] = str(tmp_path / "state")  # a setup of another test forgets moved projects
    set_up(project)
    first = project.json("start")
    copy = CliProject(tmp_path / "copy", project.environment)
    project.ok("stop")
    project.root.rename(copy.root)
    with taken(port_of(first)):
        assert port_of(copy.json("start")) != port_of(first)
    copy.ok("stop")


def test_two_servers_never_have_one_port_before_the_index_is_open(tmp_path: Path) -> None:
    """The second is refused at once, in a sentence: it did so only when the first had come to listen."""
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        root.mkdir()
        configure(root, port=0)
    with _listening(load_settings(first)) as listener:
        port = listener.getsockname()[1]
        refused = pytest.raises(SettingsError, match=f"port {port} is taken .*Run: agent-brain start --port auto")
        with refused, _listening(load_settings(second, port=port)):
            pass


@pytest.mark.slow
def test_many_projects_on_one_port_start_at_once(project: CliProject, tmp_path: Path) -> None:
    port = set_up(project)
    others = [CliProject(tmp_path / f"other {number}", project.environment) for number in range(3)]
    for other in others:
        (other.root / ".git").mkdir(parents=True)
        set_up(other)
        settings = other.root / ".env.agent-brain"
        settings.write_text(re.sub(r"AGENT_BRAIN_PORT=\d+", f"AGENT_BRAIN_PORT={port}", settings.read_text()))
    starts = [one.popen("start", "--json") for one in (project, *others)]
    try:
        for start in starts:
            output, errors = start.communicate(timeout=90)
            if start.returncode:
                assert re.fullmatch(
                    rf"agent-brain: port {port} is taken by .+\. Run: agent-brain start --port auto\n", errors
                )
            else:
                assert json.loads(output)["pid"]
    finally:
        for one in others:
            one.ok("stop")


@pytest.mark.parametrize(
    ("record", "chosen"),
    [
        ({}, False),
        ({"x": {"root": "/shop", "port": 8317}}, True),
        ({"x": {"root": "/shop", "port": 8317, "port_named": True}}, False),
        ({"x": {"root": "/shop", "port": 8318}, "y": {"root": "/other", "port": 8317}}, False),
        ({"y": {"root": "/other", "port": 8317}}, True),
        ({"y": {"root": 3, "port": 8317}}, False),
        ([], False),
    ],
)
def test_who_chose_a_port(tmp_path: Path, record: object, chosen: bool) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    file = user_state_directory(environment) / "ports.json"
    file.parent.mkdir()
    file.write_text(json.dumps(record))
    assert setup_chose(Path("/shop"), 8317, environment) is chosen
