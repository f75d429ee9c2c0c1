"""Finds the project, its token and its server. `server.json` is a hint; `/health` decides."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from agent_brain_client.envfile import read_env
from agent_brain_client.errors import ClientError, NotSetUpError, UsageError
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY, ServerFile, project_id

PROJECT_VARIABLE = "AGENT_BRAIN_PROJECT"
TOKEN_VARIABLE = "AGENT_BRAIN_TOKEN"  # noqa: S105  a name
HEALTH_SECONDS = 5.0
_LARGEST_SERVER_FILE = 16_384
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def find_root(flag: str | None = None, start: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """The project's root, resolved: flag, environment, nearest set-up ancestor, git root, `start` (else the cwd)."""
    environment = os.environ if environment is None else environment
    named = flag or environment.get(PROJECT_VARIABLE)
    if named:
        return _named_root(named, "--project" if flag else PROJECT_VARIABLE)
    here = (start or _current_directory()).resolve()
    line = (here, *here.parents)
    for marker in (f"{STATE_DIRECTORY}/config.yaml", ".git"):
        for directory in line:
            if (directory / marker).exists():
                return directory
    return here


def _current_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("the current directory is gone. Name the project: --project PATH") from error


def _named_root(named: str, source: str) -> Path:
    root = Path(named).expanduser()
    if not root.is_dir():
        raise UsageError(f"{source} names {named}, which is not a directory.")
    return root.resolve()


def state_directory(root: Path) -> Path:
    """Where everything of the project at `root` is kept."""
    return root / STATE_DIRECTORY


def require_set_up(root: Path) -> None:
    """Raises NotSetUpError unless `setup` has written the project's settings."""
    if not (state_directory(root) / "config.yaml").is_file():
        raise NotSetUpError(f"{root} is not set up (no {STATE_DIRECTORY}/config.yaml). Run: agent-brain setup --yes")


def find_token(root: Path, environment: Mapping[str, str] | None = None) -> str:
    """The bearer token, from the environment, else from the project's files, in the server's own order."""
    environment = os.environ if environment is None else environment
    token = environment.get(TOKEN_VARIABLE)
    for name in (ENV_FILE, ".env"):
        token = token or read_env(root / name).get(TOKEN_VARIABLE)
    if not token:
        raise NotSetUpError(
            f"{root} has no token ({TOKEN_VARIABLE} in {ENV_FILE} or the environment). Run: agent-brain setup --yes"
        )
    return token


def _read_start(path: Path) -> bytes:
    """As much of a small file as it may hold: what is larger is none of ours."""
    with path.open("rb") as file:
        return file.read(_LARGEST_SERVER_FILE)


def read_server_file(root: Path) -> ServerFile | None:
    """What `server.json` claims, if it is well-formed, of this project and on this machine."""
    try:
        claim = json.loads(_read_start(state_directory(root) / "server.json"))
        server = ServerFile(
            url=str(claim["url"]),
            pid=int(claim["pid"]),
            project_id=str(claim["project_id"]),
            version=str(claim["version"]),
            started_at=float(claim["started_at"]),
        )
        address = urlsplit(server["url"])
        local = address.scheme == "http" and address.hostname in _LOOPBACK and address.port is not None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return server if local and server["pid"] > 0 and server["project_id"] == project_id(root) else None


def find_server(root: Path) -> ServerFile | None:
    """The project's running server: the one whose `/health` has this project's identity and the noted process.

    A dead or reused process, a foreign server on the port and a damaged file are all None.
    """
    server = read_server_file(root)
    return server if server is not None and _is_alive(server["pid"]) and answers(server) else None


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def answers(server: ServerFile) -> bool:
    """Whether `server` is what answers at its address."""
    from agent_brain_client.client import AgentBrainClient  # where no server is claimed, nobody pays for it

    try:
        health = AgentBrainClient(server["url"], "", HEALTH_SECONDS).health()
    except ClientError:
        return False
    return (
        isinstance(health, dict)
        and health.get("project_id") == server["project_id"]
        and health.get("pid") == server["pid"]
    )
