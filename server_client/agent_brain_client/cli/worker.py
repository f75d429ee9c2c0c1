"""`agent-brain worker`."""

from __future__ import annotations

import argparse
import os
import subprocess

from agent_brain_client.cli.session import project_root
from agent_brain_client.discovery import require_set_up
from agent_brain_client.errors import UsageError
from agent_brain_client.isolation import DIRECTORY, server_command


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--once", action="store_true", help="stop when no job is queued or running")


def run(arguments: argparse.Namespace) -> int:
    """Become the worker, in the foreground; it says what it does on stderr and ends at a signal."""
    root = project_root(arguments)
    require_set_up(root)
    if arguments.json:
        raise UsageError("worker has no answer to print as JSON; see its jobs with: agent-brain jobs --json")
    command = server_command("--project", str(root), "--worker")
    if arguments.once:
        command.append("--once")
    if os.name == "posix":
        os.chdir(DIRECTORY)
        os.execv(command[0], command)  # noqa: S606  signals reach it, and its exit code is ours
    return subprocess.call(command, cwd=DIRECTORY)
