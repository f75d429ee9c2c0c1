"""The project a session is in: where it begins, whether it is set up, its token and what its server claims to be.

The rules are those of the `agent-brain` command, told again with the standard library alone: these scripts run under
whatever Python the machine has, before the plugin's own environment exists.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

STATE_DIRECTORY = ".claude/agent-brain"
ENV_FILE = ".env.agent-brain"
PROJECT_VARIABLE = "AGENT_BRAIN_PROJECT"
TOKEN_VARIABLE = "AGENT_BRAIN_TOKEN"  # noqa: S105  a name
SESSION_VARIABLE = "CLAUDE_PROJECT_DIR"
_LARGEST_SERVER_FILE = 16_384
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LINE = re.compile(r"""^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|.*?)\s*$""")
_QUOTED = re.compile(r"""(["'])(.*?)(?<!\\)\1\s*(?:#.*)?$""")


class PluginError(Exception):
    """`str()` is one sentence for people, with the way on."""


@dataclass(frozen=True)
class ServerClaim:
    """What `server.json` says: a hint, until `/health` confirms it."""

    url: str
    pid: int
    project_id: str


def find_root(environment: Mapping[str, str]) -> Path:
    """The project's root, resolved: named by AGENT_BRAIN_PROJECT, else the nearest set-up ancestor of the session's
    directory, else its git root, else that directory."""
    named = environment.get(PROJECT_VARIABLE)
    if named:
        root = Path(named).expanduser()
        if not root.is_dir():
            raise PluginError(f"{PROJECT_VARIABLE} names {named}, which is not a directory.")
        return root.resolve()
    here = Path(environment.get(SESSION_VARIABLE) or Path.cwd()).resolve()
    line = (here, *here.parents)
    for marker in (f"{STATE_DIRECTORY}/config.yaml", ".git"):
        for directory in line:
            if (directory / marker).exists():
                return directory
    return here


def is_set_up(root: Path) -> bool:
    """Whether setup has written the project's settings."""
    return (root / STATE_DIRECTORY / "config.yaml").is_file()


def find_token(root: Path, environment: Mapping[str, str]) -> str:
    """The bearer token, from the environment, else from the project's files; empty if there is none."""
    token = environment.get(TOKEN_VARIABLE, "")
    for name in (ENV_FILE, ".env"):
        token = token or _read_env(root / name).get(TOKEN_VARIABLE, "")
    return token


def _read_env(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    matches = filter(None, map(_LINE.match, text.removeprefix("\ufeff").splitlines()))
    values = {match[1]: _unquoted(match[2]) for match in matches}
    return {name: value for name, value in values.items() if value}


def _unquoted(raw: str) -> str:
    quoted = _QUOTED.match(raw)
    if quoted is None:
        return re.sub(r"\s+#.*$", "", raw)
    return re.sub(r"\\(.)", r"\1", quoted[2]) if quoted[1] == '"' else quoted[2]


def _read_start(path: Path) -> bytes:
    """As much of a small file as it may hold: what is larger is none of ours."""
    with path.open("rb") as file:
        return file.read(_LARGEST_SERVER_FILE)


def read_claim(root: Path) -> ServerClaim | None:
    """What `server.json` says, if it is well-formed, of this project and on this machine."""
    try:
        said = json.loads(_read_start(root / STATE_DIRECTORY / "server.json"))
        claim = ServerClaim(str(said["url"]), int(said["pid"]), str(said["project_id"]))
        address = urlsplit(claim.url)
        local = address.scheme == "http" and address.hostname in _LOOPBACK and address.port is not None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return claim if local and claim.pid > 0 and claim.project_id == project_id(root) else None


def project_id(root: Path) -> str:
    """The identity that the project's server gives itself."""
    return hashlib.blake2b(root.resolve().as_posix().encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def is_alive(pid: int) -> bool:
    """Whether a process has this id; where that cannot be asked without harm, True."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
