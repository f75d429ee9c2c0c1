"""`agent-brain db` starts, shows and stops the container, on a real engine."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import psutil
import pytest

from support.cli import CliProject
from support.consent import accept_changes
from support.contained import contained_shop_on_an_engine, in_a_terminal, passwords, refused
from support.docker import run


@pytest.fixture
def running(tmp_path: Path) -> Iterator[CliProject]:
    with contained_shop_on_an_engine(tmp_path / "mein Laden") as made:
        yield made


def comes_up_on_another_port(project: CliProject) -> bool:
    """What is advised where the port is taken."""
    project.ok("setup", "--yes")
    return project.run("db", "up").returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_running_database_can_be_looked_at(running: CliProject) -> None:
    project = running
    assert project.run("db", "status").stdout.startswith("database   absent")
    up = project.json("db", "up")
    assert project.json("db", "up") == up, "a second time it is just there"
    status = project.json("db", "status")
    assert status["healthy"]
    assert (status["container"], status["port"]) == (up["container"], up["port"])
    assert status["postgresql"].startswith("16.")
    assert "healthy · 127.0.0.1:" in project.ok("db", "status")

    assert "ready to accept connections" in project.ok("db", "logs")
    assert len(project.json("db", "logs", "--tail", "2")["lines"]) == 2
    assert project.ok("db", "psql", "-c", "SELECT 6 * 7 AS answer").split() == [
        "answer",
        "--------",
        "42",
        "(1",
        "row)",
    ]
    wrong = project.run("db", "psql", "-c", "SELEKT 1")
    assert (wrong.returncode, "syntax error" in wrong.stderr) == (1, True)

    everything = str(status) + project.ok("db", "logs") + (project.state / "docker-compose.yml").read_text()
    assert len(passwords(project)) == 2
    assert not any(secret in everything for secret in passwords(project))
    assert_a_lost_password_is_replaced(project)


def assert_a_lost_password_is_replaced(project: CliProject) -> None:
    """The data keep the password that they were made with, until `up` sets the new one."""
    env = project.root / ".env.agent-brain"
    env.unlink()
    project.ok("setup", "--yes")
    project.ok("db", "up")
    project.ok("index", "--wait")
    assert project.json("status")["storage"]["backend"] == "postgresql"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_prompt_in_a_terminal_and_a_log_that_is_followed(running: CliProject) -> None:
    project = running
    project.ok("db", "up")
    prompt = in_a_terminal(project, "db", "psql")
    prompt.expect_exact("agent_brain=#")
    prompt.sendline("\\conninfo")
    prompt.expect_exact('database "agent_brain" as user "agent_brain"')
    prompt.sendline("\\q")
    prompt.expect(pexpect.EOF)
    prompt.close()
    assert prompt.exitstatus == 0
    follow = in_a_terminal(project, "db", "logs", "--follow")
    follow.expect_exact("ready to accept connections")
    follow.sendintr()
    follow.expect(pexpect.EOF)
    follow.close()
    assert follow.exitstatus == 130


def bind_once_free(held: socket.socket, port: int) -> None:
    """Docker gives a port back some time after its container has ended."""
    deadline = time.monotonic() + 20
    while True:
        try:
            held.bind(("127.0.0.1", port))
            return
        except OSError:
            assert time.monotonic() < deadline, "the port is not given back"
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_docker_cannot_do_is_one_sentence(running: CliProject) -> None:
    project = running
    compose, env = project.state / "docker-compose.yml", project.root / ".env.agent-brain"
    good, secrets = compose.read_text(), env.read_text()

    env.write_text("\n".join(line for line in secrets.splitlines() if "POSTGRES_SUPERUSER_PASSWORD" not in line))
    assert (
        refused(project, "db", "up")
        == "POSTGRES_SUPERUSER_PASSWORD is empty in .env.agent-brain. Run: agent-brain setup --yes"
    )
    env.write_text(secrets + 'a line that = is "none\n')
    assert refused(project, "db", "up").startswith(".env.agent-brain cannot be read: correct its line")
    env.write_text(secrets)

    compose.write_text(good.replace("pgvector/pgvector:pg16", "127.0.0.1:1/nobody/nothing:1"))
    accept_changes(project.root)
    said = refused(project, "db", "up")
    assert said.startswith("the image 127.0.0.1:1/nobody/nothing:1 cannot be fetched (")
    assert said.endswith("agent-brain setup --yes --postgres-image IMAGE")

    compose.write_text(good.replace("shared_buffers=256MB", "shared_buffers=a lot"))
    accept_changes(project.root)
    said = refused(project, "db", "up")
    assert "shared_buffers" in said
    assert said.endswith("More: agent-brain db logs")

    compose.write_text(good)
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bind_once_free(held, int(good.partition("127.0.0.1:")[2].partition(":")[0]))
        held.listen()
        said = refused(project, "db", "up")
        assert f"is taken by {psutil.Process().name()} (pid {os.getpid()})" in said
        assert "agent-brain setup --yes" in said
        # What runs in parallel may take the port that setup finds free: then the same advice holds again.
        assert any(comes_up_on_another_port(project) for _ in range(4))
    assert "has no pgadmin" in refused(project, "db", "up", "--pgadmin")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pgadmin_comes_when_it_is_asked_for(running: CliProject) -> None:
    project = running
    project.ok("setup", "--yes", "--pgadmin", "--no-verify")
    compose = project.state / "docker-compose.yml"
    assert 'profiles: ["pgadmin"]' in compose.read_text()
    # Its image is large and not under test: the database's replaces it, asleep.
    asleep = 'image: "pgvector/pgvector:pg16"\n    command: ["sleep", "600"]'
    compose.write_text(compose.read_text().replace("image: dpage/pgadmin4:9", asleep))
    accept_changes(project.root)
    port = project.json("db", "up", "--pgadmin")["pgadmin"]
    names = run(["docker", "ps", "--format", "{{.Names}} {{.Ports}}"], project.root).stdout
    assert f"pgadmin-1 127.0.0.1:{port}->80/tcp" in names.replace(", 5432/tcp", "").replace("5432/tcp, ", "")
    project.ok("db", "down")
    left = run(["docker", "ps", "--all", "--format", "{{.Names}}"], project.root).stdout
    status = project.run("db", "status", "--json")
    assert (status.returncode, json.loads(status.stdout)["state"]) == (3, "absent")
    assert "pgadmin" not in left
