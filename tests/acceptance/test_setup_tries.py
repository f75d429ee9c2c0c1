"""Setup tries a database, an endpoint and Docker before it writes; what does not answer can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, free_port
from support.embedding_endpoint import EmbeddingEndpoint
from support.postgres import DatabaseServer
from support.setup_questions import (
    ADDRESS,
    EMBEDDINGS,
    ENDPOINT,
    FRESH,
    GO,
    KEY,
    MODEL,
    MORE,
    PGADMIN,
    STORAGE,
    URL_ASKED,
    WHAT_NOW,
    config,
    secrets_of,
    shop_without_docker,
    take_defaults,
    untouched,
)
from support.terminal import DOWN, ENTER, LEAVE, UP, terminal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


def endpoint_flags(url: str) -> tuple[str, ...]:
    return ("--embedding", "openai-compatible", "--embedding-url", url, "--embedding-model", "m")


def test_a_database_that_does_not_answer_can_be_left_out(project: CliProject) -> None:
    url = f"postgresql://me:hidden-word@127.0.0.1:{free_port()}/shop"
    with terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, url, ENTER)
        take_defaults(screen, FRESH, MORE)
        screen.see("does not answer (connection refused)")
        screen.answer(WHAT_NOW, DOWN, DOWN, ENTER)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert "hidden-word" not in screen.raw
    assert "hidden-word" not in secrets_of(project)
    assert config(project)["storage"] == {"url": "sqlite:///.claude/agent-brain/index.db"}


def test_a_database_that_answers_is_not_spoken_of(project: CliProject, session_server: DatabaseServer) -> None:
    with session_server.database() as name, terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, session_server.url(name), ENTER)
        take_defaults(screen, FRESH, MORE, GO)
        assert screen.end() == 0
    assert "What now?" not in screen.text


def test_a_password_that_is_refused_is_named_and_can_be_changed(
    project: CliProject, session_server: DatabaseServer
) -> None:
    wrong = session_server.url("postgres").replace(":", ":not-", 2).replace("not-//", "//", 1)
    with terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, wrong, ENTER)
        take_defaults(screen, FRESH, MORE)
        screen.see("refuses the login")
        screen.answer(WHAT_NOW, DOWN, ENTER)
        screen.answer(STORAGE, LEAVE)
        assert screen.end() == 130
    assert untouched(project)


def test_an_endpoint_is_tried_again(project: CliProject) -> None:
    port = free_port()
    flags = endpoint_flags(f"http://127.0.0.1:{port}/v1")
    with terminal(project, "setup", "--no-index", "--storage", "embedded", *flags) as screen:
        take_defaults(screen, KEY, FRESH, MORE)
        screen.see("does not answer")
        screen.answer(WHAT_NOW, ENTER)
        screen.see("does not answer")
        with EmbeddingEndpoint(port=port) as endpoint:
            screen.answer(WHAT_NOW, ENTER)
            take_defaults(screen, GO)
            assert screen.end() == 0
    assert len(endpoint.texts) == 1


def test_docker_that_is_not_there_can_be_done_without(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.answer(STORAGE, DOWN, ENTER)
        take_defaults(screen, PGADMIN, EMBEDDINGS, FRESH, MORE)
        screen.see("Docker is not installed")
        screen.answer(WHAT_NOW, DOWN, DOWN, ENTER)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert not (project.state / "docker-compose.yml").exists()
    assert config(project)["storage"] == {"url": "sqlite:///.claude/agent-brain/index.db"}


def test_an_address_that_only_a_file_of_the_project_names_is_not_tried(project: CliProject) -> None:
    """Enter alone sends no key to an address that came with the repository; the plan says where it comes from."""
    project.environment["AGENT_BRAIN_EMBEDDING_API_KEY"] = "hidden-word"
    with EmbeddingEndpoint() as endpoint:
        project.state.mkdir(parents=True)
        (project.state / "config.yaml").write_text(
            f"embedding: {{provider: openai-compatible, base_url: '{endpoint.url}', model: m}}\n"
        )
        with terminal(project, "setup", "--no-index") as screen:
            take_defaults(screen, STORAGE, EMBEDDINGS)
            screen.see("A file of this project says so")
            take_defaults(screen, ENDPOINT, ADDRESS, MODEL, FRESH, MORE)
            screen.see("not accepted yet")
            screen.answer(GO, DOWN, DOWN, ENTER)
            assert screen.end() == 0
    assert endpoint.keys == []
