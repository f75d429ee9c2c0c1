"""`agent-brain start`."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_client.cli.session import project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.consenting import require_accepted
from agent_brain_client.discovery import find_current_server, find_token, require_set_up, state_directory
from agent_brain_client.errors import PortTakenError, StartError
from agent_brain_client.lifecycle import start
from agent_brain_client.output import note, print_json, say
from agent_brain_contract.escaping import name
from agent_brain_contract.given_ports import setup_chose

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--port", type=_port, metavar="N|auto", help="the port to listen on; auto: any free one")
    parser.add_argument(
        "--reindex", action="store_true", help="build the index again from the files, for example when it is damaged"
    )


def _port(text: str) -> str:
    if text != "auto" and not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a port (1 to 65535) nor auto")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Start the server, or say which one runs."""
    root = project_root(arguments)
    if arguments.reindex:
        return _reindex(root, arguments)
    running = find_current_server(root)
    if running is not None:
        require_accepted(root, require_set_up(root))
        _refuse_ignored(arguments, running["url"])
    server = running or _start(root, arguments)
    if arguments.json:
        print_json({**server, "already_running": running is not None})
        return 0
    verb = "Already running" if running else "Started"
    say(f"{verb} on {server['url'].removeprefix('http://')} (pid {server['pid']}).")
    return 0


def _start(root: Path, arguments: argparse.Namespace) -> ServerFile:
    """Start it: on another port where its own is taken and the person did not choose that."""
    try:
        return start(root, arguments.port, arguments.reindex)
    except PortTakenError as error:
        named = arguments.port is not None or os.environ.get("AGENT_BRAIN_PORT")
        # Without --reindex again, at any port, the index would be refused as it was before.
        if named or not (arguments.reindex or setup_chose(root, error.port)):
            raise
        note(f"Port {error.port} is taken by {error.holder}; using another one.")
        return start(root, "auto", arguments.reindex)


def _reindex(root: Path, arguments: argparse.Namespace) -> int:
    """End the server that runs, begin the index again, and name the job that fills it."""
    server = _start(root, arguments)
    jobs = AgentBrainClient(server["url"], find_token(root)).jobs(limit=1)["jobs"]  # it may have ended already
    if arguments.json:
        job = jobs[0]["id"] if jobs else None
        print_json({**server, "already_running": False, "job": job, "kept": [str(one) for one in _kept_files(root)]})
        return 0
    say(f"Started on {server['url'].removeprefix('http://')} (pid {server['pid']}).")
    for kept in _kept_files(root):
        say(f"Kept, since it was not an Agent Brain index: {name(kept)}")
    if jobs:
        say(f"Job {jobs[0]['id']} indexes everything again. Follow it: agent-brain jobs --watch {jobs[0]['id']}")
    else:
        say("No folder is indexed. Add one: agent-brain folders add PATH")
    return 0


def _kept_files(root: Path) -> list[Path]:
    """Return all that a server found in the place of the index and renamed, also in an earlier call."""
    return sorted(one for one in state_directory(root).iterdir() if re.search(r"\.kept-\d+$", one.name))


def _refuse_ignored(arguments: argparse.Namespace, url: str) -> None:
    """Refuse what is for a new server while one runs, rather than ignore it."""
    if arguments.port not in (None, "auto", url.rpartition(":")[2]):
        raise StartError(f"a server already runs on {url}. Run: agent-brain restart --port {arguments.port}")
