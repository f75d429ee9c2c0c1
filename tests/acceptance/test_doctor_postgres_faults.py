"""`doctor` names what is wrong with an index in PostgreSQL; where a command of ours fixes it, that command does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project
from support.doctored import Fault, assert_fixed, doctor
from support.postgres import PASSWORD, PostgresServer, ServerWithoutPgvector
from support.prepared import PARTS

RESTART = "agent-brain restart"
ANOTHER = "start it, or name another one: agent-brain setup"
NOTHING = Fault("", "", lambda project: None)

pytestmark = pytest.mark.timeout(600)  # a busy machine takes many times as long as an idle one


@pytest.fixture
def database(own_server: PostgresServer) -> Iterator[str]:
    with own_server.database() as name:
        yield name


@pytest.fixture
def project(tmp_path: Path, own_server: PostgresServer, database: str) -> Iterator[CliProject]:
    with cli_project(tmp_path / "my shop") as made:
        made.write(PARTS)
        made.set_up("--storage-url", own_server.url(database))
        made.ok("index", "--wait")
        yield made


def assert_said(project: CliProject, name: str, said: str, fix: str = "") -> None:
    status, found = doctor(project, NOTHING)
    assert said in found[name]["detail"], found
    assert fix in found[name]["fix"], found
    assert status == (found[name]["state"] == "fail")


def assert_in_order(project: CliProject) -> None:
    assert doctor(project, NOTHING) == (0, {})
    assert "part7.py" in project.ok("search", "part_7")


@pytest.mark.slow
def test_a_database_that_is_down(project: CliProject, own_server: PostgresServer) -> None:
    own_server.stop()
    try:
        assert_said(project, "answers", "does not answer", ANOTHER)
        project.ok("stop")
        assert_said(project, "database", "does not answer", ANOTHER)
    finally:
        own_server.start()
    assert_in_order(project)


@pytest.mark.slow
def test_a_password_that_is_another(project: CliProject, own_server: PostgresServer) -> None:
    project.ok("stop")
    own_server.change_password("another")
    try:
        assert project.run("start").returncode == 3
        said = "refuses the login of agent_brain: correct POSTGRES_PASSWORD"
        assert_said(project, "server", said, "give the password that it takes: agent-brain setup")
    finally:
        own_server.change_password(PASSWORD)
    project.ok("start")
    assert_in_order(project)


@pytest.mark.slow
def test_tables_that_are_gone_and_a_model_that_is_another(
    project: CliProject, own_server: PostgresServer, database: str
) -> None:
    def dropped(project: CliProject) -> None:
        own_server.psql("DROP SCHEMA agent_brain CASCADE", database)

    def other_model(project: CliProject) -> None:
        project.ok("stop")
        config = project.state / "config.yaml"
        config.write_text(config.read_text().replace('provider: "none"', 'provider: "built-in"'))
        assert project.run("start").returncode == 3

    assert_fixed(project, Fault("answers", "lacks tables of Agent Brain", dropped, fix=RESTART))
    assert_fixed(
        project, Fault("server", "was made with the embedding none", other_model, "warn", "agent-brain start --reindex")
    )


@pytest.mark.slow
def test_an_index_that_a_newer_version_wrote(project: CliProject, own_server: PostgresServer, database: str) -> None:
    project.ok("stop")
    own_server.psql("UPDATE agent_brain.meta SET schema_version = 99", database)
    assert project.run("start").returncode == 3
    assert_said(project, "server", "was written by a newer Agent Brain (schema 99")


@pytest.mark.slow
def test_a_server_without_pgvector(tmp_path: Path) -> None:
    with ServerWithoutPgvector() as server, server.database() as name, cli_project(tmp_path / "my shop") as project:
        project.set_up("--storage-url", server.url(name))
        assert project.run("start").returncode == 3
        assert_said(
            project, "server", "has no pgvector: install it on the server", "run in the database: CREATE EXTENSION"
        )
