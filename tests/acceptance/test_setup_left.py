"""`agent-brain setup` that a person leaves: nothing is written, and the answers are offered again."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject
from support.setup_questions import (
    ADDRESS,
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
    WHAT_NOW,
    config,
    drafts,
    shop_without_docker,
    take_defaults,
    untouched,
)
from support.terminal import DOWN, END, ENTER, LEAVE, UP, terminal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_without_docker(tmp_path) as made:
        yield made


def test_no_leaves_everything_as_it_is(project: CliProject) -> None:
    with terminal(project, "setup") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.answer(GO, DOWN, DOWN, ENTER)
        screen.see("Nothing was written.")
        assert screen.end() == 0
    assert untouched(project)


# A way through the questions that passes every kind of prompt; each is left once.
WAY = (
    (STORAGE, (DOWN, ENTER)),
    (PGADMIN, (ENTER,)),
    (EMBEDDINGS, (DOWN, ENTER)),
    (ENDPOINT, (DOWN, DOWN, DOWN, ENTER)),
    (ADDRESS, ("http://h/v1", ENTER)),
    (MODEL, ("m", ENTER)),
    (KEY, ("sk-1", ENTER)),
    (FRESH, (ENTER,)),
    (MORE, (DOWN, ENTER)),
    (FOLDERS, (ENTER,)),
    (PORT, (ENTER,)),
    (IDLE, (ENTER,)),
    (WHAT_NOW, (UP, ENTER)),  # the endpoint
    (WHAT_NOW, (UP, ENTER)),  # Docker
    (GO, ()),
)


@pytest.mark.parametrize("stop", range(len(WAY)), ids=[question for question, _ in WAY])
def test_leaving_at_any_question_writes_nothing_and_keeps_the_answers(
    project: CliProject, tmp_path: Path, stop: int
) -> None:
    with terminal(project, "setup") as screen:
        for question, keys in WAY[:stop]:
            screen.answer(question, *keys)
        screen.answer(WAY[stop][0], LEAVE)
        screen.see("Nothing was written.")
        assert screen.end() == 130
    assert untouched(project)
    kept = [json.loads(path.read_text()) for path in drafts(tmp_path)]
    assert len(kept) == min(stop, 1)
    assert "sk-1" not in str(kept)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in drafts(tmp_path))


def test_the_answers_of_a_setup_that_was_left_are_offered_again(project: CliProject) -> None:
    with terminal(project, "setup") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, UP, UP, ENTER)
        screen.answer(FRESH, LEAVE)
        assert screen.end() == 130
    with terminal(project, "setup", "--no-index") as screen:
        screen.see("Setup was not finished last time")
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE, GO)
        assert screen.end() == 0
    assert config(project)["embedding"] == {"provider": "none"}


@pytest.mark.parametrize("key", [LEAVE, END])
def test_a_plain_terminal_can_be_left_too(project: CliProject, key: str) -> None:
    with terminal(project, "setup", TERM="dumb") as screen:
        screen.answer("1-3 [1]: ", key)
        screen.see("Nothing was written.")
        assert screen.end() == 130
    assert untouched(project)
