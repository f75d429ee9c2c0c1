"""`agent-brain setup --storage postgres-docker`, on a real Docker engine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_contract.envfile import read_env
from support.cli import CliProject, cli_project
from support.contained import MODES, SETUP, answers, contained_shop
from support.docker import ComposedDatabase, composed_database, require_docker


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    require_docker()
    with contained_shop(tmp_path / "mein Laden") as made:
        yield made


@pytest.fixture
def database(project: CliProject) -> Iterator[ComposedDatabase]:
    with composed_database(project.root) as made:
        yield made
        project.run("stop")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_data_outlive_the_container_until_they_are_thrown_away(
    project: CliProject, database: ComposedDatabase
) -> None:
    database.up()
    project.ok("index", "--wait")
    before = answers(project)
    assert {mode: results[0][0] for mode, results in before.items()} == dict.fromkeys(MODES, "net/retry.py")
    assert project.json("status")["storage"]["backend"] == "postgresql"
    assert not list(project.state.glob("index.*")), "no file takes the database's place"

    project.ok("stop")
    database.down()
    database.up()
    assert answers(project) == before
    assert len(project.json("jobs")["jobs"]) == 1, "nothing was indexed again"

    (volume,) = database.volumes()
    assert volume.endswith("_postgres-data")
    project.ok("stop")
    database.down("-v")
    assert database.volumes() == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_projects_share_neither_container_nor_data_nor_port(
    project: CliProject, database: ComposedDatabase, tmp_path: Path
) -> None:
    database.up()
    port = str(project.json("setup", "--yes")["answers"]["postgres_port"])
    container = database.inspect()
    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["NetworkSettings"]["Ports"] == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
    assert container["HostConfig"]["ShmSize"] >= 256 * 1024**2
    secret = read_env(project.root / ".env.agent-brain")["POSTGRES_PASSWORD"]
    assert project.ok(*SETUP) == "Nothing to change.\n", "the port that its own container holds is not given up"
    assert read_env(project.root / ".env.agent-brain")["POSTGRES_PASSWORD"] == secret

    with cli_project(tmp_path / "elsewhere" / "mein Laden") as other:
        report = other.json(*SETUP)
        assert report["answers"]["postgres_port"] != int(port)
        assert secret not in str(report)
        with composed_database(other.root) as second:
            second.up()
            names = {one.inspect()["Name"] for one in (database, second)}
            volumes = {one.inspect()["Mounts"][0]["Name"] for one in (database, second)}
    assert len(names) == len(volumes) == 2
    assert database.inspect()["State"]["Status"] == "running"


@pytest.mark.parametrize("text", ["", "POSTGRES_PASSWORD=\n"])
def test_without_a_password_compose_says_where_it_belongs(project: CliProject, text: str) -> None:
    database = ComposedDatabase(project.root)
    assert database.compose("config", "--quiet").returncode == 0
    (project.root / ".env.agent-brain").write_text(text)
    done = database.compose("config", "--quiet")
    assert done.returncode != 0
    assert "agent-brain setup --yes writes it into .env.agent-brain" in done.stderr
    project.ok(*SETUP)  # no volume was made with another password, so nothing is to be said of one
    assert database.compose("config", "--quiet").returncode == 0


def test_a_database_url_of_the_users_own_is_pointed_out(project: CliProject) -> None:
    done = project.run(*SETUP, DATABASE_URL="postgresql://me:hidden@db/shop")
    assert "DATABASE_URL is set in this terminal" in done.stderr
    assert "hidden" not in done.stdout + done.stderr


def test_setup_prints_the_command_that_starts_it(project: CliProject) -> None:
    (project.state / "docker-compose.yml").unlink()
    assert "Next: agent-brain db up   ·   agent-brain index --wait" in project.ok("setup", "--yes")


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    with cli_project(tmp_path / "shop") as made, socket.socket() as holder:
        first = made.json("setup", "--dry-run", "--storage", "postgres-docker")["answers"]["postgres_port"]
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", first))
        holder.listen()
        report = made.json("setup", "--dry-run", "--storage", "postgres-docker")
        assert report["answers"]["postgres_port"] > first
        done = made.run("setup", "--yes", "--storage", "postgres-docker", "--postgres-port", str(first))
    assert done.returncode == 2
    assert f"--postgres-port {first} is taken by" in done.stderr
