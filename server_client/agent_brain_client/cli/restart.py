"""`agent-brain restart`."""

from __future__ import annotations

import argparse

from agent_brain_client.cli import start, stop
from agent_brain_client.cli.session import project_root
from agent_brain_client.discovery import require_set_up
from agent_brain_client.lifecycle import stop as end_server


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments, which are those of start."""
    start.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    """Stop the server, if it runs, and start it."""
    root = project_root(arguments)
    require_set_up(root)
    if arguments.json:
        end_server(root)
    else:
        stop.run(arguments)
    return start.run(arguments)
