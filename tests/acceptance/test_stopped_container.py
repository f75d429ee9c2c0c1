"""With the container down every command that needs it says `agent-brain db up`, which is what helps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject
from support.contained import contained_shop, contained_shop_on_an_engine

FIX = "Run: agent-brain db up"
ELSEWHERE = "sqlite:///elsewhere.db"
# With no server each command tries to start one, or connects by itself.
COMMANDS = (
    ("start",),
    ("search", "retry delay"),
    ("index", "--wait"),
    ("worker", "--once"),
    ("storage", "copy", "--to", ELSEWHERE),
    ("storage", "verify", "--to", ELSEWHERE),
)


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[CliProject]:
    with contained_shop(tmp_path / "shop", "--no-verify") as made:
        yield made


def finding(project: CliProject, name: str) -> dict[str, str]:
    """What doctor says of one thing."""
    found = json.loads(project.run("doctor", "--json").stdout)["findings"]
    return next(one for one in found if one["id"] == name)


def assert_names_the_command(project: CliProject, *command: str) -> None:
    done = project.run(*command)
    assert done.returncode, f"{command} succeeded: {done.stdout}"
    last = done.stderr.strip().splitlines()[-1]
    assert "does not answer (connection refused)" in last, f"{command}: {done.stderr}"
    assert last.endswith(FIX), f"{command}: {done.stderr}"
    assert "storage.url" not in done.stderr, f"{command}: {done.stderr}"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_server(stopped: CliProject, command: tuple[str, ...]) -> None:
    assert_names_the_command(stopped, *command)


def test_doctor_without_a_server(stopped: CliProject) -> None:
    assert finding(stopped, "database")["fix"] == "agent-brain db up"


def test_another_database_is_not_taken_for_the_container(stopped: CliProject) -> None:
    done = stopped.run("start", DATABASE_URL="postgresql://me:secret@127.0.0.1:1/x")
    assert "start it, or correct storage.url" in done.stderr
    assert "db up" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_under_a_running_server(tmp_path: Path) -> None:
    with contained_shop_on_an_engine(tmp_path / "shop") as project:
        project.ok("db", "up")
        project.ok("index", "--wait")
        project.ok("db", "down")
        for command in (("search", "retry delay"), ("index", "--wait"), ("jobs",), ("graph", "callers", "next_delay")):
            assert_names_the_command(project, *command)
        status = project.run("status")
        assert "agent-brain db up" in status.stdout + status.stderr
        assert finding(project, "database")["fix"] == "agent-brain db up"
        project.follow("agent-brain db up")
        project.follow("agent-brain index --wait")
        assert "net/retry.py" in project.ok("search", "retry delay")
