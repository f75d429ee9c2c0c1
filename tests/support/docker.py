"""The real Docker engine that answers here (DOCKER_HOST or the default socket), and a project's container on it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMPOSE = ("docker", "compose", "--env-file", ".env.agent-brain", "-f", ".claude/agent-brain/docker-compose.yml")
ANSWERS_SECONDS = 30
PULL_SECONDS = 500  # the image may have to come first


def require_docker() -> None:
    """Skip the test where no engine with Compose answers; fail where AGENT_BRAIN_TESTS_REQUIRE names docker."""
    reason = _missing()
    if reason and "docker" in os.environ.get("AGENT_BRAIN_TESTS_REQUIRE", "").split():
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def _missing() -> str:
    """Why there is no Docker, empty if there is."""
    for command in (("docker", "compose", "version"), ("docker", "info")):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWERS_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no Docker: {error}"
        if done.returncode:
            return f"no Docker: {' '.join(command)}: {done.stderr.strip()}"
    return ""


@dataclass(frozen=True)
class ComposedDatabase:
    """The container of the project at `root`, by the compose file that setup wrote there."""

    root: Path

    def compose(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the documented command to its end; `more` are environment variables."""
        return run([*COMPOSE, *arguments], self.root, **more)

    def up(self) -> None:
        """Start it and wait until it is healthy."""
        done = self.compose("up", "-d", "--wait")
        if done.returncode:
            raise AssertionError(f"{done.stderr}\n{self.compose('logs').stdout}")

    def down(self, *flags: str) -> None:
        """Remove the container; with `-v` its data too."""
        done = self.compose("down", *flags)
        assert done.returncode == 0, done.stderr

    def inspect(self) -> Any:
        """What the engine knows of the one container."""
        container = self.compose("ps", "--all", "--quiet").stdout.split()
        done = run(["docker", "inspect", *container], self.root)
        (found,) = json.loads(done.stdout)
        return found


def run(command: list[str], directory: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, without what would be read in place of the project's own files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTGRES_", "COMPOSE_"))}
    return subprocess.run(
        command, cwd=directory, env={**kept, **more}, capture_output=True, text=True, timeout=PULL_SECONDS
    )


@contextmanager
def composed_database(root: Path) -> Iterator[ComposedDatabase]:
    """The container that setup prepared for `root`; nothing of it is left in the end."""
    database = ComposedDatabase(root)
    try:
        yield database
    finally:
        database.down("-v", "--remove-orphans")
