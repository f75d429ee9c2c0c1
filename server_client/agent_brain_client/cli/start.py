"""`agent-brain start`."""

from __future__ import annotations

import argparse

from agent_brain_client.cli.session import project_root
from agent_brain_client.consenting import require_accepted
from agent_brain_client.discovery import find_server, require_set_up
from agent_brain_client.errors import StartError
from agent_brain_client.lifecycle import start
from agent_brain_client.output import print_json, say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--port", type=_port, metavar="N|auto", help="listen there; auto takes a free port")
    parser.add_argument("--reindex", action="store_true", help="throw the index away and build it anew")


def _port(text: str) -> str:
    if text != "auto" and not (text.isdecimal() and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a port (1 to 65535) nor auto")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Start the server, or say which one runs."""
    root = project_root(arguments)
    running = find_server(root)
    if running is not None:
        require_accepted(root, require_set_up(root))
        _refuse_ignored(arguments, running["url"])
    server = running or start(root, arguments.port, arguments.reindex)
    if arguments.json:
        print_json({**server, "already_running": running is not None})
        return 0
    verb = "Already running" if running else "Started"
    say(f"{verb} on {server['url'].removeprefix('http://')} (pid {server['pid']}).")
    return 0


def _refuse_ignored(arguments: argparse.Namespace, url: str) -> None:
    """What is for a new server is refused while one runs, not ignored."""
    port = arguments.port if arguments.port not in (None, "auto", url.rpartition(":")[2]) else None
    if port or arguments.reindex:
        flags = (f" --port {port}" if port else "") + (" --reindex" if arguments.reindex else "")
        raise StartError(f"a server already runs on {url}. Run: agent-brain stop, then agent-brain start{flags}")
