"""Whoever goes back a question sees no answer any more that does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from support.cli import CliProject, free_port
from support.setup_questions import (
    CLEAR,
    EMBEDDINGS,
    FOLDERS,
    FRESH,
    GO,
    IDLE,
    MORE,
    PORT,
    STORAGE,
    URL_ASKED,
    WHAT_NOW,
    config,
    shop_without_docker,
    take_defaults,
)
from support.terminal import BACK, DOWN, ENTER, ROWS, UP, Terminal, terminal

TALL = 200  # rows, among which all that setup says can be seen
HEADLINE = "Agent Brain · set"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


def shown(screen: Terminal, columns: int, rows: int = ROWS) -> list[str]:
    """The lines on the screen now."""
    picture = pyte.Screen(columns, rows)
    pyte.Stream(picture).feed(screen.raw)
    return [line.rstrip() for line in picture.display if line.strip()]


@pytest.mark.parametrize("columns", [100, 60])
def test_every_kind_of_answer_disappears(project: CliProject, columns: int) -> None:
    with terminal(project, "setup", "--no-index", columns=columns) as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, DOWN, DOWN, ENTER)
        take_defaults(screen, FRESH)
        screen.answer(MORE, DOWN, ENTER)
        screen.answer(FOLDERS, CLEAR, "src", ENTER)
        port = str(free_port())
        screen.answer(PORT, CLEAR, port, ENTER)
        screen.answer(IDLE, BACK)
        screen.answer(PORT, BACK)
        screen.answer(FOLDERS, BACK)
        screen.answer(MORE, BACK)
        screen.answer(FRESH, BACK)
        screen.answer(EMBEDDINGS, UP, UP, ENTER)
        screen.answer(FRESH, ENTER)
        screen.answer(MORE, UP, ENTER)
        screen.see("Go ahead?")
        screen.see("No, leave everything")
        lines = shown(screen, columns)
        screen.press(ENTER)
        assert screen.end() == 0
    text = "\n".join(lines)
    for question in (STORAGE, EMBEDDINGS, FRESH, MORE):
        assert text.count(question) == 1, text
    assert "Built in" in text
    for taken_back in (FOLDERS, PORT, IDLE, port, "None"):
        assert taken_back not in text, text
    assert text.startswith(HEADLINE), text
    assert config(project)["embedding"] == {"provider": "built-in"}


def test_the_plan_disappears_when_it_is_left_for_the_questions(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", rows=TALL) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.answer(GO, DOWN, ENTER)
        screen.see("+storage")
        screen.answer(GO, BACK)
        screen.see("Folders, port, idle stop")
        screen.see("← back")
        lines = shown(screen, 100, TALL)
    assert not [line for line in lines if "Will write" in line or "+storage" in line or GO in line], lines
    assert len([line for line in lines if MORE in line]) == 1, lines
    assert [line for line in lines if EMBEDDINGS in line], lines


def test_answers_that_are_changed_since_nothing_answers_disappear(project: CliProject) -> None:
    url = f"postgresql://me:hidden-word@127.0.0.1:{free_port()}/shop"
    with terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, url, ENTER)
        take_defaults(screen, FRESH, MORE)
        screen.see("does not answer (connection refused)")
        screen.answer(WHAT_NOW, DOWN, ENTER)
        screen.answer(STORAGE, DOWN, DOWN)
        screen.see("by URL")
        lines = shown(screen, 100)
    text = "\n".join(lines)
    assert text.count(STORAGE) == 1, text
    for gone in (URL_ASKED, FRESH, MORE, WHAT_NOW, "does not answer", "Trying"):
        assert gone not in text, text
