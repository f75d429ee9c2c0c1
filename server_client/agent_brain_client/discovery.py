"""Finds the project, its token and its server. `server.json` is a hint; `/health` decides."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent_brain_client.errors import ClientError, ConsentNeededError, NotSetUpError, UsageError
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY, VERSION, location_id
from agent_brain_contract import consent
from agent_brain_contract.errors import ContractError, NotSetUpHereError
from agent_brain_contract.identification import identify
from agent_brain_contract.ownership import require_safe_state
from agent_brain_contract.paths import ID_VARIABLE, PROJECT_VARIABLE, TOKEN_VARIABLE
from agent_brain_contract.proof import new_challenge, prove
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_contract.releases import is_outdated

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile

HEALTH_SECONDS = 5.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def find_root(flag: str | None = None, start: Path | None = None, environment: Mapping[str, str] | None = None) -> Path:
    """Return the project's root, resolved.

    It is the flag's, else the environment's, else the nearest ancestor that the person has set up, else the git root,
    else `start`, else the current directory.
    """
    environment = os.environ if environment is None else environment
    named = flag or environment.get(PROJECT_VARIABLE)
    if named:
        return _named_root(named, "--project" if flag else PROJECT_VARIABLE)
    here = (start or _current_directory()).resolve()
    line = (here, *here.parents)
    set_up = next((one for one in line if consent.is_set_up(one)), None)
    return set_up or next((one for one in line if (one / ".git").exists()), here)


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
    """Return where everything of the project at `root` is kept."""
    return root / STATE_DIRECTORY


def require_safe(root: Path) -> None:
    """Raise ConsentNeededError where the state of the project is a link, or others could change it."""
    with _translated():
        require_safe_state(root)


def require_set_up(root: Path) -> consent.Record:
    """Return what the person has accepted for the project.

    Raise NotSetUpError unless `setup` has been run here, UsageError where what it wrote is not safe to use.
    """
    with _translated():
        return consent.require_record(root)


def stored_id(root: Path) -> str:
    """Return the id under which a shared database keeps the project. Raise NotSetUpError, UsageError."""
    return os.environ.get(ID_VARIABLE) or require_set_up(root).project_id


def find_token(root: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return the bearer token, from the environment, else the one that setup wrote."""
    record = require_set_up(root)
    with _translated():
        token = consent.find_token(root, record, os.environ if environment is None else environment)
    if not token:
        raise NotSetUpError(
            f"{root} has no token ({TOKEN_VARIABLE} in {ENV_FILE} or the environment). Run: agent-brain setup --yes"
        )
    return token


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what the contract refuses as errors of the client's."""
    try:
        yield
    except NotSetUpHereError as error:
        raise NotSetUpError(str(error)) from error
    except ContractError as error:
        raise ConsentNeededError(str(error)) from error


def read_server_file(root: Path) -> ServerFile | None:
    """Return what `server.json` claims, if it is well-formed, of this project and on this machine."""
    try:
        claim = json.loads(read_regular_file(state_directory(root) / "server.json"))
        server: ServerFile = {
            "url": str(claim["url"]),
            "pid": int(claim["pid"]),
            "project_id": str(claim["project_id"]),
            "version": str(claim["version"]),
            "started_at": float(claim["started_at"]),
        }
        if "code" in claim:
            server["code"] = str(claim["code"])
        address = urlsplit(server["url"])
        local = address.scheme == "http" and address.hostname in _LOOPBACK and address.port is not None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return server if local and server["pid"] > 0 and server["project_id"] == location_id(root) else None


def find_server(root: Path) -> ServerFile | None:
    """Return the running server of the project: its `/health` has this identity, the noted process and the token.

    A dead or reused process, a foreign server on the port, a damaged file and a project without a token are all None.
    """
    server = read_server_file(root)
    if server is None or not _is_alive(server["pid"]):
        return None
    try:
        token = find_token(root)
    except ClientError:
        return None
    return server if answers(server, token) else None


def find_current_server(root: Path) -> ServerFile | None:
    """Return what `find_server` does, but None for a server of an older version or one whose code was removed."""
    server = find_server(root)
    if server is None or is_outdated(server["version"], server.get("code", ""), VERSION):
        return None
    return server


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


def answers(server: ServerFile, token: str) -> bool:
    """Return whether `server` is what answers at its address, and has the token; it is not sent there."""
    challenge = new_challenge()
    health = _identified(server, challenge)
    return health is not None and health.get("proof") == prove(token, challenge, urlsplit(server["url"]).port or 0)


def seems_to_answer(server: ServerFile) -> bool:
    """Return whether what answers at the address of `server` says that it is this server; its token is not checked."""
    return _identified(server, new_challenge()) is not None


def _identified(server: ServerFile, challenge: str) -> Mapping[str, object] | None:
    health = identify(server["url"], challenge, HEALTH_SECONDS)
    if health is None:
        return None
    said = (health.get("project_id"), health.get("pid"))
    return health if said == (server["project_id"], server["pid"]) else None
