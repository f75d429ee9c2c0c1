"""From a command's arguments to a project and a client of its running server."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.consenting import require_accepted
from agent_brain_client.discovery import find_current_server, find_root, find_token, require_set_up
from agent_brain_client.errors import PortTakenError, UsageError
from agent_brain_client.output import note

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile


def project_root(arguments: argparse.Namespace) -> Path:
    """Return the project that the command is about."""
    return find_root(arguments.project)


def connect(root: Path) -> AgentBrainClient:
    """Return a client of the server of `root`, which is started if it does not run."""
    record = require_set_up(root)
    token = find_token(root)
    server = find_current_server(root)
    if server is not None:
        require_accepted(root, record)
    else:
        server = _start(root)
        note(f"Started the server on {server['url'].removeprefix('http://')}.")
    return AgentBrainClient(server["url"], token, renew=lambda: _start(root)["url"])


def _start(root: Path) -> ServerFile:
    """Start it for a command that needs it: on another port if need be, since nothing depends on which it is."""
    from agent_brain_client.lifecycle import start

    try:
        return start(root)
    except PortTakenError as error:
        note(f"Port {error.port} is taken by {error.holder}; using another one.")
        return start(root, "auto")


def filter_path(root: Path, given: str) -> str:
    """Return a glob of a path filter as the server matches it.

    One that begins with `.` or `~` is a place, as in a shell, and so is an absolute path in the project; all others are
    as in `.gitignore`.
    """
    negation, glob = ("!", given[1:]) if given.startswith("!") else ("", given)
    is_place = glob in (".", "..") or glob.startswith(("./", "../", "~/"))
    if not is_place and not glob.startswith("/"):
        return given
    place = project_path(root, glob)
    if place.startswith("/"):
        return f"{negation}{place}" if is_place else given
    end = "/" if glob.endswith("/") else ""
    return f"{negation}**" if place == "." else f"{negation}/{place}{end}"


def project_path(root: Path, given: str) -> str:
    """Return `given`, relative to the current directory, as the server names it: relative to the root or absolute."""
    if not given.isprintable() and given != given.encode("utf-8", "replace").decode("utf-8"):
        raise UsageError(f"the name {given!a} is not valid UTF-8 and cannot be indexed. Rename the file.")
    absolute = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100  a link is not followed here
    for path in (absolute, Path(os.path.realpath(absolute))):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return absolute.as_posix()
