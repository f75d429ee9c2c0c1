"""`agent-brain stop`."""

from __future__ import annotations

import argparse

from agent_brain_client.cli.session import project_root
from agent_brain_client.lifecycle import stop
from agent_brain_client.output import print_json, say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the command has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """End the server; there being none is fine."""
    server = stop(project_root(arguments))
    if arguments.json:
        print_json({"stopped": server is not None, "server": server})
    else:
        say("Not running." if server is None else f"Stopped (pid {server['pid']}).")
    return 0
