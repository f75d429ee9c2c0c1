"""`agent-brain setup` in a terminal that is narrow, has no colours or only prints lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, free_port
from support.setup_questions import (
    ADDRESS,
    EMBEDDINGS,
    ENDPOINT,
    FOLDERS,
    FRESH,
    GO,
    MORE,
    PORT,
    STORAGE,
    URL,
    URL_ASKED,
    config,
    shop_without_docker,
    take_defaults,
)
from support.terminal import COLOUR, DOWN, END, ENTER, LEAVE, terminal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


def test_forty_columns_are_enough(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", columns=40) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH)
        screen.answer(MORE, DOWN, ENTER)
        screen.answer(FOLDERS, ENTER)
        screen.answer(PORT, ENTER)
        screen.answer("idle", ENTER)
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "nothing to install" in screen.text, "the help of the highlighted choice is below the menu"
    assert config(project)["embedding"] == {"provider": "built-in"}


def test_no_color_is_heeded(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", NO_COLOR="1") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE, GO)
        assert screen.end() == 0
    assert not COLOUR.search(screen.raw)
    with terminal(project, "setup") as screen:
        screen.answer(STORAGE, LEAVE)
        assert screen.end() == 130
    assert COLOUR.search(screen.raw)


def test_a_terminal_that_only_prints_lines(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", TERM="dumb") as screen:
        screen.answer("1-3 [1]: ", "4\n")
        screen.see("4 is not a number from 1 to 3.")
        screen.answer("1-3 [1]: ", "3\n")
        screen.see(URL_ASKED)
        screen.answer("\n: ", URL + "\n")
        screen.see(EMBEDDINGS)
        screen.answer("1-3 [1]: ", "<\n")
        screen.see(URL_ASKED)
        screen.answer("\n: ", "<\n")
        screen.answer("1-3 [3]: ", "1\n")
        screen.answer("1-3 [1]: ", "3\n")
        screen.see(FRESH)
        screen.answer("1-2 [1]: ", "\n")
        screen.answer("1-2 [1]: ", "2\n")
        screen.answer("[.]: ", "nowhere\n")
        screen.see("is not a directory")
        screen.answer("[.]: ", "src\n")
        screen.answer(": ", "\n")
        screen.answer("[30]: ", "\n")
        screen.answer("1-3 [1]: ", "2\n")
        screen.see("+++ b/.claude/agent-brain/config.yaml")
        screen.answer("1-3 [1]: ", "1\n")
        assert screen.end() == 0
    assert "\x1b" not in screen.raw
    assert "hidden-word" not in screen.raw
    assert config(project)["embedding"] == {"provider": "none"}


@pytest.mark.parametrize("dumb", [False, True])
def test_a_default_with_characters_that_are_not_shown_is_none(project: CliProject, dumb: bool) -> None:
    endpoint = {"provider": "openai-compatible", "base_url": "http://theirs.example/v1\u202e", "model": "m\u200b"}
    project.write({".claude/agent-brain/config.yaml": json.dumps({"embedding": endpoint})})
    more = {"TERM": "dumb"} if dumb else {}
    with terminal(project, "setup", "--port", str(free_port()), **more) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, ENDPOINT)
        screen.answer(ADDRESS, ENTER)
        screen.see("This cannot be empty.")
        screen.press("http://127.0.0.1:1/v1\u202e", ENTER)
        screen.see("has characters that are not shown")
        screen.press(LEAVE)
        assert screen.end() == 130
    assert "theirs.example" not in screen.text
    done = project.run("setup", "--yes")
    assert done.returncode == 2
    assert "--embedding-url http://theirs.example/v1\\u202e has characters that are not shown" in done.stderr


def test_a_menu_is_left_by_the_end_of_the_input_too(project: CliProject) -> None:
    with terminal(project, "setup") as screen:
        screen.answer(STORAGE, END)
        screen.see("Nothing was written.")
        assert screen.end() == 130


def test_a_hint_that_is_too_long_is_cut_at_a_word_and_shown_whole_below(project: CliProject) -> None:
    with terminal(project, "setup", columns=84) as screen:
        screen.answer("by URL", DOWN)
        screen.see("Description: ")
        screen.press(LEAVE)
        assert screen.end() == 130
    line = next(line for line in screen.text.splitlines() if "Docker is not installed" in line)
    assert len(line) <= 84
    assert line.rstrip().endswith(" …")


def test_a_long_difference_is_shown_a_screen_at_a_time(project: CliProject, tmp_path: Path) -> None:
    less = tmp_path / "bin" / "less"
    less.write_text('#!/bin/sh\necho "PAGED $*"\nwhile IFS= read -r line; do echo "$line"; done\n')
    less.chmod(0o755)
    with terminal(project, "setup", "--no-index", rows=12) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.answer(GO, DOWN, ENTER)
        screen.see("PAGED -R")
        screen.see("+++ b/.claude/agent-brain/config.yaml")
        screen.answer(GO, LEAVE)
        assert screen.end() == 130
