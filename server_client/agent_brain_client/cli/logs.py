"""`agent-brain logs`."""

from __future__ import annotations

import argparse
from itertools import chain

from agent_brain_client.cli.session import project_root
from agent_brain_client.discovery import require_set_up, state_directory
from agent_brain_client.errors import OK
from agent_brain_client.logfile import LONGEST, log_path, older_path
from agent_brain_client.numbers import whole_number
from agent_brain_client.output import note, print_json, say
from agent_brain_contract.regular_files import read_regular_file

DEFAULT_LINES = 40


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "-n",
        "--lines",
        type=whole_number(1),
        default=DEFAULT_LINES,
        metavar="N",
        help="show the last N lines (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the last lines of the server's log."""
    root = project_root(arguments)
    require_set_up(root)
    state = state_directory(root)
    paths = [path for path in (older_path(state), log_path(state)) if path.exists()]
    texts = (read_regular_file(path, 2 * LONGEST).decode("utf-8", "replace") for path in paths)
    lines = [*chain.from_iterable(map(str.splitlines, texts))][-arguments.lines :]
    if arguments.json:
        print_json({"file": str(log_path(state)), "lines": lines})
        return OK
    say(*lines)
    if not lines:
        note("The server has written nothing yet. Start it: agent-brain start")
    return OK
