"""The questions of `agent-brain setup` in a terminal, and what it leaves in a project without Docker."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.terminal import ENTER, UP, Terminal, path_without_docker

STORAGE = "Where should the index live?"
URL_ASKED = "The database's URL?"
PGADMIN = "pgAdmin too?"
EMBEDDINGS = "Embeddings?"
ENDPOINT = "Which endpoint?"
ADDRESS = "The endpoint's address?"
MODEL = "Its model?"
KEY = "Its key?"
FRESH = "Keep the index fresh by?"
MORE = "Anything else?"
FOLDERS = "Which folders?"
PORT = "The server's port?"
IDLE = "idle minutes?"
WHAT_NOW = "What now?"
GO = "Go ahead?"
CLEAR = "\x15"  # Ctrl-U: the line that is being typed goes
URL = "postgresql://me:hidden-word@db.example:5432/shop"


@contextmanager
def shop_without_docker(parent: Path) -> Iterator[CliProject]:
    """A project that is not set up; its command finds no Docker."""
    with cli_project(parent / "shop") as made:
        made.environment["PATH"] = path_without_docker(parent / "bin")
        made.environment["XDG_STATE_HOME"] = str(parent / "state")
        made.write({"src/retry.py": RETRY_SOURCE})
        yield made


def config(project: CliProject) -> dict[str, object]:
    """The settings that were written."""
    tree = yaml.safe_load((project.state / "config.yaml").read_text())
    assert isinstance(tree, dict)
    return tree


def secrets_of(project: CliProject) -> str:
    """The private file, which is its owner's alone."""
    path = project.root / ".env.agent-brain"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


def untouched(project: CliProject) -> bool:
    """Whether nothing was written."""
    return sorted(path.name for path in project.root.iterdir()) == [".git", "src"]


def take_defaults(screen: Terminal, *questions: str) -> None:
    """Take what each question offers."""
    for question in questions:
        screen.answer(question, ENTER)


def write_anyway(screen: Terminal) -> None:
    """What was named does not answer: go on as it is, by the last entry of the menu."""
    screen.answer(WHAT_NOW, UP, ENTER)


def drafts(parent: Path) -> list[Path]:
    """The answers that are kept of a setup that was left."""
    return list((parent / "state" / "agent-brain" / "drafts").glob("*"))
