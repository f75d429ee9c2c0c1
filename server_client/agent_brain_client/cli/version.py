"""`agent-brain version`."""

from __future__ import annotations

import argparse
import platform

from agent_brain_client.cli.session import project_root
from agent_brain_client.discovery import find_server
from agent_brain_client.output import print_json, say
from agent_brain_client.wire import VERSION


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the command has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Say which version is installed and which one serves the project, if any."""
    server = find_server(project_root(arguments))
    if arguments.json:
        running = server["version"] if server else None
        print_json({"version": VERSION, "python": platform.python_version(), "server": running})
        return 0
    say(f"agent-brain {VERSION} (Python {platform.python_version()})")
    if server is not None and server["version"] != VERSION:
        say(f"The running server is {server['version']}. Replace it: agent-brain restart")
    return 0
