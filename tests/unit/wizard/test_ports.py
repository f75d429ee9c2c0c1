"""Ports for the server and the database."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.ports import FIRST_DATABASE_PORT, FIRST_PORT, choose_database_port, choose_port, is_free

PROJECT = "agent-brain-0000000000000000"


def test_ports(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert not is_free(taken)
        with pytest.raises(SetupError, match=rf"--port {taken} is taken by .*pid {os.getpid()}"):
            choose_port(tmp_path, taken, None)
        moved = choose_port(tmp_path, None, taken)
        assert moved.port >= FIRST_PORT
        assert f"port {taken} is taken by" in moved.remark
    assert is_free(taken)
    assert choose_port(tmp_path, None, taken) == choose_port(tmp_path, taken, taken)
    assert choose_port(tmp_path, taken, None).port == taken
    assert FIRST_PORT <= choose_port(tmp_path, None, None).port < FIRST_PORT + 200


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` command that says that no container publishes the port, first in the path."""
    command = tmp_path / "docker"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return command


def test_the_first_database_port_is_not_postgresqls_own() -> None:
    assert FIRST_DATABASE_PORT <= choose_database_port(PROJECT, None, None).port < FIRST_DATABASE_PORT + 200


def test_a_database_port_that_another_program_took_is_given_up(taken: int, docker: Path) -> None:
    with pytest.raises(SetupError, match=rf"--postgres-port {taken} is taken by .*pid {os.getpid()}"):
        choose_database_port(PROJECT, taken, None)
    moved = choose_database_port(PROJECT, taken, taken)
    assert moved.port != taken
    assert f"port {taken} is taken by" in moved.remark


def test_a_database_port_that_the_own_container_holds_is_kept(taken: int, docker: Path) -> None:
    docker.write_text(f'#!/bin/sh\ncase "$*" in *project={PROJECT}*publish={taken}*) echo 0123;; esac\n')
    assert choose_database_port(PROJECT, None, taken).port == taken
    assert choose_database_port("agent-brain-of-another", None, taken).port != taken


def test_a_saved_database_port_is_kept_where_docker_does_not_answer(taken: int, docker: Path) -> None:
    docker.write_text("#!/bin/sh\nexit 1\n")
    assert choose_database_port(PROJECT, taken, taken).port == taken
    with pytest.raises(SetupError, match="--postgres-port"):
        choose_database_port(PROJECT, taken, None)


def test_a_free_database_port_is_taken_without_asking_docker(taken: int, docker: Path) -> None:
    docker.write_text("#!/bin/sh\nexit 1\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    assert choose_database_port(PROJECT, free, taken).port == free
    assert choose_database_port(PROJECT, None, free).port == free
