"""Where a project and its user keep the state of Agent Brain."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from agent_brain_contract.errors import UnsafeStateError

STATE_DIRECTORY = ".claude/agent-brain"
ENV_FILE = ".env.agent-brain"
CONFIG = f"{STATE_DIRECTORY}/config.yaml"
COMPOSE = f"{STATE_DIRECTORY}/docker-compose.yml"
MANIFEST = f"{STATE_DIRECTORY}/manifest.json"
IDENTITY = f"{STATE_DIRECTORY}/project.json"
SERVER_LOCK = f"{STATE_DIRECTORY}/server.lock"
"""Held by the server of the project while it runs."""
TOKEN_VARIABLE = "AGENT_BRAIN_TOKEN"  # noqa: S105  a name
PROJECT_VARIABLE = "AGENT_BRAIN_PROJECT"
ID_VARIABLE = "AGENT_BRAIN_PROJECT_ID"


def location_id(root: Path) -> str:
    """Return the id of the project at `root`, from its resolved path: a copy or a worktree has another one."""
    return blake2b(root.resolve().as_posix().encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def user_state_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Return the user's own state directory, `$XDG_STATE_HOME/agent-brain`; a relative value counts as none."""
    variables = os.environ if environment is None else environment
    named = Path(variables.get("XDG_STATE_HOME", ""))
    base = named if named.is_absolute() else _home(environment) / ".local" / "state"
    return base / "agent-brain"


def state_outside(root: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Return the user's own state directory, for the project at `root`.

    Raise UnsafeStateError for one in the project or its repository, which could bring what is kept there. Where these
    hold the home directory, all in them is the user's own.
    """
    directory, here = user_state_directory(environment), root.resolve()
    repository = next((one for one in (here, *here.parents) if os.path.lexists(one / ".git")), here)
    if directory.resolve().is_relative_to(repository) and not _home(environment).resolve().is_relative_to(repository):
        raise UnsafeStateError(
            f"XDG_STATE_HOME puts the record of what you accept into {directory}, inside "
            f"{repository}, whose files could"
            " replace it. Run: unset XDG_STATE_HOME"
        )
    return directory


def _home(environment: Mapping[str, str] | None) -> Path:
    variables = os.environ if environment is None else environment
    return Path(variables.get("HOME") or Path.home())
