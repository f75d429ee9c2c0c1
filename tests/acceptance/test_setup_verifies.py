"""`setup --yes` asks what it is given for the first time whether it answers, and writes nothing where it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, free_port
from support.docker import composed_database, require_docker, run
from support.embedding_endpoint import EmbeddingEndpoint
from support.postgres import DatabaseServer
from support.setup_questions import (
    EMBEDDINGS,
    FRESH,
    GO,
    MORE,
    PGADMIN,
    STORAGE,
    WHAT_NOW,
    shop_without_docker,
    take_defaults,
    untouched,
)
from support.terminal import DOWN, ENTER, terminal

WAY_ON = ". Nothing was written; --no-verify writes it as it is.\n"
NOWHERE = "127.0.0.1:1/nobody/nothing:1"
DATABASE = "pgvector/pgvector:pg16"
PGADMIN_IMAGE = "dpage/pgadmin4:9"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


@pytest.fixture
def with_docker(project: CliProject) -> CliProject:
    require_docker()
    project.environment["PATH"] = os.environ["PATH"]
    return project


def refused(project: CliProject, *flags: str) -> str:
    """What setup says that it does not write, with the way on."""
    done = project.run("setup", "--yes", "--port", str(free_port()), *flags)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    said = done.stderr.splitlines(keepends=True)[-1]
    assert said.endswith(WAY_ON), done.stderr
    assert untouched(project)
    return said


def endpoint_flags(url: str) -> tuple[str, ...]:
    return ("--embedding", "openai-compatible", "--embedding-url", url, "--embedding-model", "m")


def test_a_database_that_does_not_answer(project: CliProject) -> None:
    port = free_port()
    url = f"postgresql://me:hidden-word@127.0.0.1:{port}/shop"
    said = refused(project, "--storage-url", url)
    assert f"PostgreSQL at 127.0.0.1:{port}/shop does not answer (connection refused)" in said
    assert "correct the database's URL" in said
    assert "hidden-word" not in said
    project.ok("setup", "--yes", "--storage-url", url, "--no-verify")
    assert "Nothing to change." in project.ok("setup", "--yes"), "what is written is not tried again"


def test_a_login_that_is_refused(project: CliProject, session_server: DatabaseServer) -> None:
    wrong = session_server.url("postgres").replace(":", ":not-", 2).replace("not-//", "//", 1)
    said = refused(project, "--storage-url", wrong)
    assert "refuses the login" in said
    assert "correct the password in the database's URL" in said
    assert "restart" not in said


def test_an_endpoint_that_does_not_answer(project: CliProject) -> None:
    port = free_port()
    flags = endpoint_flags(f"http://127.0.0.1:{port}/v1")
    assert "does not answer" in refused(project, *flags)
    with EmbeddingEndpoint(port=port) as endpoint:
        project.ok("setup", "--yes", *flags)
        assert len(endpoint.texts) == 1
        project.ok("setup", "--yes", "--idle-stop-minutes", "5")
        assert len(endpoint.texts) == 1, "what is written is not tried again"


def test_an_endpoint_may_get_its_key_later(project: CliProject) -> None:
    with EmbeddingEndpoint() as endpoint:
        endpoint.fail("status", times=2, status=401)
        done = project.run("setup", "--yes", *endpoint_flags(endpoint.url))
        assert done.returncode == 0, done.stderr
        assert "if the endpoint needs a key, put it into .env.agent-brain" in done.stderr


def test_a_wrong_key_is_refused(project: CliProject) -> None:
    with EmbeddingEndpoint() as endpoint:
        endpoint.fail("status", times=2, status=401)
        project.environment["AGENT_BRAIN_EMBEDDING_API_KEY"] = "sk-hidden"
        said = refused(project, *endpoint_flags(endpoint.url))
    assert "refuses the key (status 401)" in said
    assert "sk-hidden" not in said


def test_a_dry_run_and_an_answer_try_nothing(project: CliProject) -> None:
    flags = endpoint_flags(f"http://127.0.0.1:{free_port()}/v1")
    project.ok("setup", "--dry-run", *flags)
    project.ok("setup", "--yes", *flags, AGENT_BRAIN_SETUP_VERIFY="no")


def test_docker_that_is_not_there(project: CliProject) -> None:
    assert "Docker is not installed" in refused(project, "--storage", "postgres-docker")


@pytest.mark.slow
def test_an_image_that_cannot_be_had(with_docker: CliProject) -> None:
    said = refused(with_docker, "--storage", "postgres-docker", "--postgres-image", NOWHERE)
    assert f"the image {NOWHERE} cannot be fetched (" in said
    assert "agent-brain setup --yes --postgres-image IMAGE" in said
    with_docker.ok("setup", "--yes", "--storage", "postgres-docker")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pgadmin_whose_image_cannot_be_had(with_docker: CliProject) -> None:
    said = refused(with_docker, "--storage", "postgres-docker", "--pgadmin")
    assert f"the image {PGADMIN_IMAGE} cannot be fetched (" in said
    assert "do without pgAdmin: agent-brain setup --yes --no-pgadmin" in said
    with terminal(with_docker, "setup", "--no-index") as screen:
        screen.answer(STORAGE, DOWN, ENTER)
        screen.answer(PGADMIN, DOWN, ENTER)
        take_defaults(screen, EMBEDDINGS, FRESH, MORE)
        screen.see(f"the image {PGADMIN_IMAGE} cannot be fetched")
        screen.answer(WHAT_NOW, DOWN, DOWN, ENTER)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert "pgadmin" not in (with_docker.state / "docker-compose.yml").read_text()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_pgadmin_that_is_wanted_is_started_and_one_that_ends_is_named(with_docker: CliProject) -> None:
    run(["docker", "tag", DATABASE, PGADMIN_IMAGE], with_docker.root)  # which ends at once: it has no password
    try:
        flags = ("--storage", "postgres-docker", "--pgadmin", "--index", "--no-watch")
        with composed_database(with_docker.root):
            done = with_docker.run("setup", "--yes", "--port", str(free_port()), *flags)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "pgAdmin was not started: pgAdmin does not keep running; its last log line: " in done.stderr
            assert "✔ Indexed" in done.stderr
            up = with_docker.run("db", "up", "--pgadmin")
            assert up.returncode == 1, up.stdout + up.stderr
            assert up.stderr.endswith("Do without it: agent-brain setup --yes --no-pgadmin\n")
            with_docker.ok("db", "down", "--purge", "--yes")
            with_docker.follow("agent-brain setup --yes --no-pgadmin")
            with_docker.ok("db", "up")
            with_docker.run("stop")
    finally:
        run(["docker", "rmi", PGADMIN_IMAGE], with_docker.root)
