"""Asks git about a project. No other module runs git: a repository's configuration can name programs to run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from agent_brain_client.isolation import DIRECTORY

# What git would run or fetch because the repository's configuration says so, each with a value that turns it off.
_OFF = {
    "core.fsmonitor": "",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "core.sshCommand": "",
    "core.gitProxy": "",
    "protocol.allow": "never",
}
_FLAGS = [word for name, value in _OFF.items() for word in ("-c", f"{name}={value}")]


def ask_git(root: Path, *arguments: str, seconds: float) -> subprocess.CompletedProcess[bytes] | None:
    """Return what a reading command of git, run in `root`, ended with; None where git is missing or too slow."""
    command = ["git", "--no-pager", "--no-optional-locks", "--no-replace-objects", *_FLAGS, "-C", str(root), *arguments]
    try:
        return subprocess.run(
            command,
            cwd=DIRECTORY,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _environment() -> dict[str, str]:
    """Return this process's environment, without another repository's name and without fetching for a partial clone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_configuration(name)}
    return kept | {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0"}


def _is_configuration(name: str) -> bool:
    """Return whether the variable says what the person's own git configuration is; what a flag says goes before it."""
    return name.startswith("GIT_CONFIG")
