"""Where a project and its user keep the state of Agent Brain."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

STATE_DIRECTORY = ".claude/agent-brain"
ENV_FILE = ".env.agent-brain"
CONFIG = f"{STATE_DIRECTORY}/config.yaml"
COMPOSE = f"{STATE_DIRECTORY}/docker-compose.yml"
MANIFEST = f"{STATE_DIRECTORY}/manifest.json"
IDENTITY = f"{STATE_DIRECTORY}/project.json"
TOKEN_VARIABLE = "AGENT_BRAIN_TOKEN"  # noqa: S105  a name
PROJECT_VARIABLE = "AGENT_BRAIN_PROJECT"
ID_VARIABLE = "AGENT_BRAIN_PROJECT_ID"


def location_id(root: Path) -> str:
    """Return the id of the project at `root`, from its resolved path: a copy or a worktree has another one."""
    return blake2b(root.resolve().as_posix().encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def user_state_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Return the user's own state directory, outside every project: `$XDG_STATE_HOME/agent-brain`."""
    variables = os.environ if environment is None else environment
    named, home = Path(variables.get("XDG_STATE_HOME", "")), variables.get("HOME", "")
    base = named if named.is_absolute() else (Path(home) if home else Path.home()) / ".local" / "state"
    return base / "agent-brain"
