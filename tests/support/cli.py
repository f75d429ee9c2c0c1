"""Drives the real `agent-brain` command on a project in a temporary directory, and stops what it started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.forked_command import can_run, run_command

TIMEOUT_SECONDS = 60
COMMAND = str(Path(sys.executable).parent / "agent-brain")
RETRY_SOURCE = '''\
def next_delay(attempt: int) -> float:
    """Seconds to wait before a failed request is sent again."""
    return min(2.0**attempt, 60.0)
'''


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without what would steer the command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_BRAIN_", "NO_COLOR"))}
    return {**kept, "HOME": str(home), "TERM": "xterm-256color", **more}


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class CliProject:
    """A project directory and the command run in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    is_forked: bool = True
    """Whether `run` may fork a process that has imported the command, for the same that a new one would do."""

    @property
    def state(self) -> Path:
        return self.root / ".claude" / "agent-brain"

    @property
    def server_file(self) -> Path:
        return self.state / "server.json"

    def run(self, *arguments: str, prefix: Sequence[str] = (), **more: str) -> subprocess.CompletedProcess[str]:
        """Run to the end; `more` are environment variables, `prefix` a command that runs the command."""
        if self.is_forked and not prefix and can_run({**self.environment, **more}):
            return run_command(COMMAND, arguments, self.root, {**self.environment, **more}, TIMEOUT_SECONDS)
        return subprocess.run(
            [*prefix, COMMAND, *arguments],
            cwd=self.root,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )

    def ok(self, *arguments: str, **more: str) -> str:
        """The answer of a command that must succeed."""
        done = self.run(*arguments, **more)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def follow(self, command: str) -> None:
        """Run a command that a sentence names, to the letter."""
        path = f"{Path(COMMAND).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.root,
            env={**self.environment, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"

    def json(self, *arguments: str, **more: str) -> Any:
        """The decoded answer of a command that must succeed."""
        return json.loads(self.ok(*arguments, "--json", **more))

    def popen(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        """Start the command without waiting for it."""
        pipes: Mapping[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen(
            [COMMAND, *arguments], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, text=True, **pipes
        )

    def set_up(self, *flags: str) -> None:
        """Write the settings: no embedding, no watcher and a port of its own, unless `flags` say otherwise."""
        self.ok("setup", "--yes", "--port", str(free_port()), "--embedding", "none", "--no-watch", *flags)

    def write(self, files: Mapping[str, str]) -> None:
        """Each file with its parents."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


@contextmanager
def cli_project(root: Path, git: bool = True) -> Iterator[CliProject]:
    """A new project at `root` with a home directory next to it; its server is stopped at the end."""
    home = root.parent / "home"
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True)
    if git:
        (root / ".git").mkdir()
    project = CliProject(root, clean_environment(home))
    try:
        yield project
    finally:
        if (project.state / "server.lock").exists():  # a server was started at some time
            project.run("stop")


def without_root_powers() -> list[str]:
    """A command prefix under which file modes hold even for root; empty where they hold anyway."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
