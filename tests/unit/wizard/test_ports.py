"""Ports for the server and the database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent_brain_contract.defaults import DEFAULT_PORT
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.free_ports import is_free
from agent_brain_wizard.ports import (
    FIRST_DATABASE_PORT,
    FIRST_PGADMIN_PORT,
    PortChoice,
    choose_database_port,
    choose_pgadmin_port,
    choose_port,
    holder,
    reserving,
)
from support.docker import FakeEngine, fake_command, fake_engine

PROJECT = "agent-brain-0000000000000000"
# What one setup does, as a process of its own: it waits for the others before it begins.
SETUP = """
import json, sys, time
from pathlib import Path
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.ports import choose_database_port, choose_pgadmin_port, choose_port, reserving
root, start = Path(sys.argv[1]), float(sys.argv[2])
time.sleep(max(0.0, start - time.time()))
with reserving():
    name = compose_project(root)
    chosen = [choose_port(root, None, None)]
    chosen += [choose(name, None, None) for choose in (choose_database_port, choose_pgadmin_port)]
    (root / ".claude/agent-brain").mkdir(parents=True)
    (root / ".claude/agent-brain/config.yaml").touch()
print(json.dumps([one.port for one in chosen]))
"""


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No record but that of the test, and no Docker."""
    home = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    return home


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine whose containers publish nothing."""
    fake_command(tmp_path, "echo 2.40")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with fake_engine(monkeypatch) as made:
        made.answers["/containers/json"] = (200, [])
        yield made


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield int(held.getsockname()[1])


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def set_up(root: Path) -> Path:
    (root / ".claude" / "agent-brain").mkdir(parents=True, exist_ok=True)
    (root / ".claude" / "agent-brain" / "config.yaml").touch()
    return root


def test_ports(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(SetupError, match=rf"--port {port} is taken by .*pid {os.getpid()}"):
            choose_port(tmp_path, port, None)
        moved = choose_port(tmp_path, None, port)
        assert moved.port >= DEFAULT_PORT
        assert f"port {port} is taken by" in moved.remark
    assert is_free(port)
    assert choose_port(tmp_path, None, port) == choose_port(tmp_path, port, port)
    assert choose_port(tmp_path, port, None).port == port
    assert DEFAULT_PORT <= choose_port(tmp_path, None, None).port < DEFAULT_PORT + 200


def test_the_first_database_port_is_not_postgresqls_own() -> None:
    assert FIRST_DATABASE_PORT <= choose_database_port(PROJECT, None, None).port < FIRST_DATABASE_PORT + 200
    assert FIRST_PGADMIN_PORT <= choose_pgadmin_port(PROJECT, None, None).port < FIRST_PGADMIN_PORT + 200


def test_a_database_port_that_another_program_took_is_given_up(taken: int, engine: FakeEngine) -> None:
    with pytest.raises(SetupError, match=rf"--postgres-port {taken} is taken by .*pid {os.getpid()}"):
        choose_database_port(PROJECT, taken, None)
    moved = choose_database_port(PROJECT, taken, taken)
    assert moved.port != taken
    assert f"port {taken} is taken by" in moved.remark


def test_a_database_port_that_the_own_container_holds_is_kept(taken: int, engine: FakeEngine) -> None:
    engine.publishes("ours", PROJECT, taken)
    assert choose_database_port(PROJECT, None, taken).port == taken
    assert choose_database_port(PROJECT, taken, None).port == taken
    moved = choose_database_port("agent-brain-of-another", None, taken)
    assert moved.remark == f"port {taken} is taken by the container ours, using {moved.port}"
    assert holder(taken) == "the container ours"


def test_a_port_that_a_container_publishes_is_taken_even_if_nothing_listens_here(engine: FakeEngine) -> None:
    published = a_free_port()
    engine.publishes("theirs", "theirs", published)
    assert choose_database_port(PROJECT, None, published).port != published
    with pytest.raises(SetupError, match=rf"--pgadmin-port {published} is taken by the container theirs"):
        choose_pgadmin_port(PROJECT, published, None)


def test_a_saved_database_port_is_kept_where_docker_does_not_answer(taken: int) -> None:
    assert choose_database_port(PROJECT, taken, taken).port == taken
    with pytest.raises(SetupError, match="--postgres-port"):
        choose_database_port(PROJECT, taken, None)


def test_a_free_database_port_needs_no_docker() -> None:
    free = a_free_port()
    assert choose_database_port(PROJECT, free, None).port == free
    assert choose_database_port(PROJECT, None, free).port == free


def test_setups_at_once_never_pick_the_same(tmp_path: Path) -> None:
    start = str(time.time() + 1.0)
    running = [
        subprocess.Popen([sys.executable, "-c", SETUP, str(root), start], stdout=subprocess.PIPE, text=True)
        for root in [tmp_path / f"project {number}" for number in range(6)]
    ]
    answers = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 6
    chosen = [port for answer in answers for port in json.loads(answer)]
    assert len(set(chosen)) == len(chosen), chosen


def test_what_was_given_to_a_project_is_not_given_to_another(tmp_path: Path) -> None:
    first, second = set_up(tmp_path / "first"), set_up(tmp_path / "second")
    with reserving():
        own = choose_port(first, None, None)
        database = choose_database_port(compose_project(first), None, None)
    with reserving():
        other = choose_port(second, None, None)
        other_database = choose_database_port(compose_project(second), None, database.port)
    assert other.port != own.port
    assert other_database.remark == f"port {database.port} is the port of {first}, using {other_database.port}"
    assert choose_port(first, None, own.port) == PortChoice(own.port), "its own port stays its own"
    named = choose_database_port(compose_project(second), database.port, None)
    assert named == PortChoice(
        database.port, f"port {database.port} is also the port of {first}: the two cannot run at the same time"
    )

    (first / ".claude" / "agent-brain" / "config.yaml").unlink()
    assert choose_database_port(compose_project(second), None, None).port == database.port, "no project has it any more"


def test_what_ends_by_an_exception_keeps_nothing(tmp_path: Path, own_home: Path) -> None:
    root = set_up(tmp_path / "shop")
    with suppress(KeyError), reserving():
        choose_port(root, None, None)
        raise KeyError
    assert not (own_home / "agent-brain" / "ports.json").exists()
    with reserving():
        choose_port(root, None, None)
    record = own_home / "agent-brain" / "ports.json"
    assert list(json.loads(record.read_text())) == [compose_project(root)]
    before = record.stat().st_mtime_ns
    with reserving():
        choose_port(root, None, None)
    assert record.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"x": 1}', '{"x": {"root": 3}}', '{"x": {"port": "a"}}'])
def test_a_damaged_record_is_none(tmp_path: Path, own_home: Path, damage: str) -> None:
    record = own_home / "agent-brain" / "ports.json"
    record.parent.mkdir(parents=True)
    record.write_text(damage)
    with reserving():
        assert choose_port(set_up(tmp_path / "shop"), None, None).port >= DEFAULT_PORT
    assert "shop" in record.read_text()


def test_without_a_place_for_the_record_ports_are_chosen_all_the_same(tmp_path: Path, own_home: Path) -> None:
    own_home.write_text("a file, where a directory should be")
    with reserving():
        assert choose_port(set_up(tmp_path / "shop"), None, None).port >= DEFAULT_PORT
