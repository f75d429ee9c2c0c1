"""The project a session is in: where it begins, whether it is set up, its token and what its server claims to be.

The rules are those of the `agent-brain` command, from the package that both share; it needs the standard library alone,
since these scripts run under any Python that the machine has, before the plugin's own environment exists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import shared_path  # noqa: F401  where the next ones are found
from agent_brain_contract import consent
from agent_brain_contract.errors import ContractError, NotSetUpHereError
from agent_brain_contract.paths import PROJECT_VARIABLE, STATE_DIRECTORY, location_id
from agent_brain_contract.regular_files import read_regular_file

SESSION_VARIABLE = "CLAUDE_PROJECT_DIR"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class PluginError(Exception):
    """`str()` is one sentence for people, with the fix."""


class NotSetUpError(PluginError):
    """The person has not set the project up here."""


@dataclass(frozen=True)
class ServerClaim:
    """The content of `server.json`: a hint, until `/health` confirms it."""

    url: str
    pid: int
    project_id: str
    version: str
    code: str


def find_root(environment: Mapping[str, str]) -> Path:
    """Return the project's root, resolved.

    It is what AGENT_BRAIN_PROJECT names, else the nearest ancestor of the session's directory that the person has set
    up, else its git root, else that directory.
    """
    named = environment.get(PROJECT_VARIABLE)
    if named:
        root = Path(named).expanduser()
        if not root.is_dir():
            raise PluginError(f"{PROJECT_VARIABLE} names {named}, which is not a directory.")
        return root.resolve()
    here = Path(environment.get(SESSION_VARIABLE) or Path.cwd()).resolve()
    line = (here, *here.parents)
    set_up = next((one for one in line if consent.is_set_up(one, environment)), None)
    return set_up or next((one for one in line if (one / ".git").exists()), here)


def require_record(root: Path, environment: Mapping[str, str]) -> consent.Record:
    """Return what the person has accepted for the project.

    Raise NotSetUpError where that is nothing, PluginError where the project's state is not safe to use.
    """
    with translated():
        return consent.require_record(root, environment)


def is_set_up(root: Path, environment: Mapping[str, str]) -> bool:
    """Return whether the person has set the project up here. Raise PluginError as `require_record`."""
    try:
        require_record(root, environment)
    except NotSetUpError:
        return False
    return True


def find_token(root: Path, environment: Mapping[str, str]) -> str:
    """Return the bearer token, from the environment, else the one that setup wrote; empty if there is none."""
    with translated():
        return consent.find_token(root, consent.require_record(root, environment), environment)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the shared rules refuse as PluginError, in the plugin's words."""
    try:
        yield
    except NotSetUpHereError as error:
        said = str(error) if error.emptied or error.lost else f"{error.root} is not set up here. Run: agent-brain setup"
        raise NotSetUpError(f"{in_the_client(said)}; until then use grep.") from error
    except ContractError as error:
        raise PluginError(in_the_client(str(error))) from error


def in_the_client(sentence: str) -> str:
    """Return `sentence` with what a person does in Claude Code in the place of the command that it names."""
    for run, ask in (("Run", "Ask"), ("run", "ask")):
        sentence = sentence.replace(f"{run}: agent-brain setup", f"{ask} the person to type /agent-brain:setup")
    return sentence


def read_claim(root: Path) -> ServerClaim | None:
    """Return what `server.json` says, if it is well-formed, of this project and on this machine."""
    try:
        said = json.loads(read_regular_file(root / STATE_DIRECTORY / "server.json"))
        version, code = str(said.get("version", "")), str(said.get("code", ""))
        claim = ServerClaim(str(said["url"]), int(said["pid"]), str(said["project_id"]), version, code)
        address = urlsplit(claim.url)
        local = address.scheme == "http" and address.hostname in _LOOPBACK and address.port is not None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return claim if local and claim.pid > 0 and claim.project_id == location_id(root) else None


def is_alive(pid: int) -> bool:
    """Return whether a process has this id; where that cannot be asked without harm, True."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
