"""`agent-brain reset`."""

from __future__ import annotations

import argparse
import sys

from agent_brain_client.cli.session import connect, project_root
from agent_brain_client.errors import FAILED, OK, UsageError
from agent_brain_client.output import confirm, count, home_relative, note, print_json, say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Empty the index after a yes. The project's files are not touched."""
    root = project_root(arguments)
    if not arguments.yes and not _confirmed(f"Empty the index of {home_relative(root)}?"):
        note("Nothing was removed.")
        return FAILED
    client = connect(root)
    removed = client.reset()
    if arguments.json:
        print_json(removed)
    else:
        counts = f"{count(removed['files'], 'file')}, {count(removed['chunks'], 'chunk')}"
        say(f"Emptied the index ({counts}). Fill it again: agent-brain index --wait")
    return OK


def _confirmed(question: str) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask on. Run: agent-brain reset --yes")
    return confirm(question)
