"""A project whose index is in the container that setup describes, and `agent-brain db` on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect

from agent_brain_contract.envfile import read_env
from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project, free_port
from support.docker import composed_database, require_docker

SETUP = ("setup", "--yes", "--no-watch", "--storage", "postgres-docker")
QUESTION = "how long to wait before a failed request is sent again"
PROGRESS = ("Fetching", "Starting", "Waiting for", "Preparing", "Backing up", "Restoring")
MODES = ("bm25", "vector", "hybrid")
FILES = {"net/retry.py": RETRY_SOURCE, "docs/guide.md": "# Guide\n\nHow a theme picks its colours.\n"}


@contextmanager
def contained_shop(root: Path, *flags: str) -> Iterator[CliProject]:
    """A project whose settings name a container that does not run; without an engine `flags` hold `--no-verify`."""
    with cli_project(root) as made:
        for name in ("DATABASE_URL", "POSTGRES_PASSWORD"):
            made.environment.pop(name, None)
        made.write(FILES)
        made.ok(*SETUP, "--port", str(free_port()), "--postgres-port", str(free_port()), *flags)
        yield made


@contextmanager
def contained_shop_on_an_engine(root: Path) -> Iterator[CliProject]:
    """The same on a real engine; nothing of its container is left in the end."""
    require_docker()
    with contained_shop(root) as made, composed_database(made.root):
        yield made
        made.run("stop")


def refused(project: CliProject, *arguments: str, code: int = 1, **more: str) -> str:
    """The one sentence that a command is refused with, behind nothing but its progress."""
    done = project.run(*arguments, **more)
    assert done.returncode == code, done.stdout + done.stderr
    *progress, sentence = done.stderr.splitlines()
    assert sentence.startswith("agent-brain: ")
    assert all(line.startswith(PROGRESS) for line in progress), progress
    assert not any(secret in done.stdout + done.stderr for secret in passwords(project))
    return sentence.removeprefix("agent-brain: ")


def passwords(project: CliProject) -> list[str]:
    """The server's and the superuser's."""
    return [
        value for name, value in read_env(project.root / ".env.agent-brain").items() if name.startswith("POSTGRES_")
    ]


def in_a_terminal(project: CliProject, *arguments: str) -> Any:
    """The command, with a person before it."""
    return pexpect.spawn(
        COMMAND, list(arguments), cwd=str(project.root), env=project.environment, timeout=30, encoding="utf-8"
    )


def answers(project: CliProject) -> dict[str, list[Any]]:
    """What is found in each mode, but for what differs from run to run."""
    found = {mode: project.json("search", "--mode", mode, QUESTION)["results"] for mode in MODES}
    return {mode: [(one["path"], one["chunk_id"], one["text"]) for one in results] for mode, results in found.items()}
