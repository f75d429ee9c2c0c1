"""`agent-brain setup` as a person answers it: keys into a real pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.cli import CliProject, free_port
from support.setup_questions import (
    ADDRESS,
    CLEAR,
    EMBEDDINGS,
    ENDPOINT,
    FOLDERS,
    FRESH,
    GO,
    IDLE,
    KEY,
    MODEL,
    MORE,
    PGADMIN,
    PORT,
    STORAGE,
    URL,
    URL_ASKED,
    config,
    drafts,
    secrets_of,
    shop_without_docker,
    take_defaults,
    write_anyway,
)
from support.terminal import BACK, DOWN, ENTER, UP, terminal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


def test_from_nothing_to_the_first_answer(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--port", str(free_port())) as screen:
        screen.see("git, 1 file: 1 Python; 139 B to index")
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.see("Will write")
        screen.answer(GO, ENTER)
        for line in ("✔ Files written", "is healthy on 127.0.0.1:", "✔ Indexed 2 files"):
            screen.see(line)
        screen.answer("Ask it something:", "how long to wait before a retry", ENTER)
        screen.see("src/retry.py:1-3")
        screen.see("Next:")
        assert screen.end() == 0
    assert project.json("status")["index"]["files"] == 2
    assert config(project)["embedding"] == {"provider": "built-in"}
    assert drafts(tmp_path) == []


def test_a_second_time_the_saved_answers_are_the_defaults(project: CliProject) -> None:
    project.ok("setup", "--yes", "--embedding", "none", "--no-watch", "--idle-stop-minutes", "7")
    before = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH)
        screen.answer(MORE, DOWN, ENTER)
        take_defaults(screen, FOLDERS, PORT, IDLE)
        screen.see("Nothing to change.")
        assert screen.end() == 0
    assert {path: path.stat().st_mtime_ns for path in project.root.rglob("*")} == before


def test_a_container_with_pgadmin(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.see("Docker is not installed")
        screen.answer("by URL", DOWN, ENTER)
        screen.answer(PGADMIN, DOWN, ENTER)
        take_defaults(screen, EMBEDDINGS, FRESH, MORE)
        write_anyway(screen)
        take_defaults(screen, GO)
        assert screen.end() == 0
    services = yaml.safe_load((project.state / "docker-compose.yml").read_text())["services"]
    assert set(services) == {"postgres", "pgadmin"}
    passwords = [line.partition("=")[2] for line in secrets_of(project).splitlines() if "_PASSWORD=" in line]
    assert len(passwords) == 3  # the role, the superuser, pgAdmin
    for password in passwords:
        assert password not in screen.raw
        assert password not in (project.state / "docker-compose.yml").read_text()
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_an_existing_database_by_its_url(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, "mysql://me:hidden-word@db/x", ENTER)
        screen.see("is not of the form")
        screen.press(CLEAR, URL, ENTER)
        take_defaults(screen, EMBEDDINGS, FRESH, MORE)
        assert b"hidden-word" not in Path(f"/proc/{screen.child.pid}/cmdline").read_bytes()
        assert "hidden-word" not in "".join(path.read_text() for path in drafts(tmp_path))
        write_anyway(screen)
        screen.answer(GO, DOWN, ENTER)
        screen.see("AGENT_BRAIN_STORAGE_URL=…")
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "hidden-word" not in screen.raw
    assert f"AGENT_BRAIN_STORAGE_URL={URL}\n" in secrets_of(project)
    assert "storage" not in config(project)


def test_an_endpoint_of_a_known_program(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, "j", "k", DOWN, ENTER)
        take_defaults(screen, MODEL, KEY, FRESH, MORE)
        write_anyway(screen)
        take_defaults(screen, GO)
        assert screen.end() == 0
    endpoint = {"provider": "openai-compatible", "base_url": "http://127.0.0.1:11434/v1", "model": "nomic-embed-text"}
    assert config(project)["embedding"] == endpoint


def test_an_endpoint_of_another_kind_with_a_key(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, DOWN, DOWN, DOWN, ENTER)
        screen.answer(ADDRESS, "vllm:8000", ENTER)
        screen.see("is not an http:// or https:// address")
        screen.press(CLEAR, "http://vllm:8000/v1", ENTER)
        screen.answer(MODEL, ENTER)
        screen.see("This cannot be empty.")
        screen.press("bge-m3", ENTER)
        screen.answer(KEY, "key word", ENTER)
        screen.see("has spaces")
        screen.press(CLEAR, "sk-hidden-word", ENTER)
        take_defaults(screen, FRESH, MORE)
        assert "hidden-word" not in "".join(path.read_text() for path in drafts(tmp_path))
        write_anyway(screen)
        screen.answer(GO, DOWN, ENTER)
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "hidden-word" not in screen.raw
    assert "AGENT_BRAIN_EMBEDDING_API_KEY=sk-hidden-word\n" in secrets_of(project)
    embedding = {"provider": "openai-compatible", "base_url": "http://vllm:8000/v1", "model": "bge-m3"}
    assert config(project)["embedding"] == embedding


def test_everything_else_and_what_is_wrong_there(project: CliProject) -> None:
    port = str(free_port())
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, UP, UP, ENTER)  # None: above the first entry is the way back, above that the last
        screen.answer(FRESH, DOWN, ENTER)
        screen.answer(MORE, DOWN, ENTER)
        screen.answer(FOLDERS, CLEAR, "srcs", ENTER)
        screen.see("is not a directory")
        screen.press(CLEAR, "src", ENTER)
        screen.answer(PORT, CLEAR, "99999", ENTER)
        screen.see("is not a port")
        screen.press(CLEAR, port, ENTER)
        screen.answer(IDLE, CLEAR, "-1", ENTER)
        screen.see("is not a number of minutes")
        screen.press(CLEAR, "2.5", ENTER)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert config(project) == {
        "storage": {"url": "sqlite:///.claude/agent-brain/index.db"},
        "embedding": {"provider": "none"},
        "index": {"watch": False, "folders": ["src"]},
        "idle_stop_minutes": 2.5,
    }
    assert f"AGENT_BRAIN_PORT={port}\n" in secrets_of(project)


def test_the_way_back_by_key_and_by_menu(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, BACK)
        screen.answer(STORAGE, BACK, UP, UP, ENTER)  # there is nothing before the first question
        take_defaults(screen, EMBEDDINGS)
        screen.answer(FRESH, UP, ENTER)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, ENTER)
        screen.answer(MODEL, BACK)
        screen.answer(ENDPOINT, BACK)
        screen.answer(EMBEDDINGS, DOWN, ENTER)  # the last answer is where the menu is
        take_defaults(screen, FRESH, MORE)
        screen.answer(GO, BACK)
        take_defaults(screen, MORE, GO)
        assert screen.end() == 0
    assert config(project)["embedding"] == {"provider": "none"}
    assert "url" in str(config(project)["storage"])


def test_what_a_flag_or_a_variable_answers_is_not_asked(project: CliProject) -> None:
    flags = ("--storage", "embedded", "--embedding-preset", "lmstudio", "--no-index")
    with terminal(project, "setup", *flags, AGENT_BRAIN_INDEX_WATCH="false") as screen:
        take_defaults(screen, MODEL, KEY, MORE)
        write_anyway(screen)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert STORAGE not in screen.text
    assert EMBEDDINGS not in screen.text
    assert FRESH not in screen.text
    assert config(project)["index"] == {"watch": False}


def test_a_port_that_is_taken_is_asked_for_again(project: CliProject) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = str(holder.getsockname()[1])
        with terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
            take_defaults(screen, STORAGE, FRESH)
            screen.answer(MORE, DOWN, ENTER)
            take_defaults(screen, FOLDERS)
            screen.answer(PORT, taken, ENTER)
            screen.see("is taken")
            screen.press(CLEAR, ENTER)
            take_defaults(screen, IDLE, GO)
            assert screen.end() == 0
    assert f"AGENT_BRAIN_PORT={taken}\n" not in secrets_of(project)
