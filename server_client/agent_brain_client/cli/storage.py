"""`agent-brain storage`."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from agent_brain_client.cli.session import project_root
from agent_brain_client.discovery import require_set_up
from agent_brain_client.errors import UsageError
from agent_brain_client.isolation import DIRECTORY, server_command

OTHER_VARIABLE = "AGENT_BRAIN_COPY_URL"
FLAGS = ("--dry-run", "--resume", "--start-over", "--revoke", "--json")
ENDS = f"""--from and --to are storage URLs, or `current` for where the settings say. The one that is left out is
current, or the URL in the environment variable {OTHER_VARIABLE} where the other is current. A PostgreSQL URL
without a password takes it from POSTGRES_PASSWORD. Other users of this machine can see a password in an argument: use
the variables.

A copy leaves the source as it is, and only goes into a place that holds no index of this project. If it is interrupted,
--resume goes on where it was; until then no server uses the target. Nothing uses the copy before the settings name it:
set AGENT_BRAIN_STORAGE_URL in .env.agent-brain, then run agent-brain setup, which asks whether that place is meant,
agent-brain stop and agent-brain start.

prepare and grant are for the owner of the tables: with the settings' own URL, or the one in AGENT_BRAIN_OWNER_URL.
grant prints the URL of the project's role once; run again, it changes the password."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = ENDS
    parser.add_argument(
        "action",
        choices=("copy", "verify", "distribute", "prepare", "grant"),
        help="copy the index, compare two places, spread the database's tables over its Citus cluster, make the tables "
        "or lead them to this version, or make a role that can use one project alone and print its URL",
    )
    parser.add_argument("--from", dest="source", metavar="URL", default="", help="where the index is")
    parser.add_argument("--to", dest="target", metavar="URL", default="", help="where it goes, or was copied to")
    parser.add_argument("--dry-run", action="store_true", help="copy: check both places and count, write nothing")
    parser.add_argument("--resume", action="store_true", help="copy: go on with a copy that was interrupted")
    parser.add_argument("--start-over", action="store_true", help="copy: throw an interrupted copy away and begin anew")
    parser.add_argument("--revoke", action="store_true", help="grant: take the project's role its rights instead")
    parser.add_argument("--project-id", metavar="ID", help="grant: another project of the database than this one")
    parser.add_argument("--queries", metavar="FILE", help="verify: ask both places these questions, one a line")


def run(arguments: argparse.Namespace) -> int:
    """Become the process that moves the index: its answer, its bar and its exit code are the command's."""
    _check(arguments)
    root = project_root(arguments)
    require_set_up(root)
    command = server_command("storage", arguments.action, "--project", str(root))
    command += [flag for flag in FLAGS if _given(arguments, flag)]
    if arguments.queries:
        command += ["--queries", str(Path(arguments.queries).absolute())]
    if arguments.project_id is not None:
        command += [f"--project-id={arguments.project_id}"]
    environment = os.environ | {"AGENT_BRAIN_COPY_FROM": arguments.source, "AGENT_BRAIN_COPY_TO": arguments.target}
    if os.name == "posix":
        os.chdir(DIRECTORY)
        os.execve(command[0], command, environment)  # noqa: S606  its arguments, without URLs, replace ours
    return subprocess.call(command, cwd=DIRECTORY, env=environment)


def _given(arguments: argparse.Namespace, flag: str) -> bool:
    return bool(getattr(arguments, flag.removeprefix("--").replace("-", "_")))


def _check(arguments: argparse.Namespace) -> None:
    if arguments.action in ("distribute", "prepare", "grant") and (arguments.source or arguments.target):
        raise UsageError("--from and --to go with storage copy and verify. See: agent-brain storage --help")
    if arguments.action != "verify" and arguments.queries:
        raise UsageError("--queries goes with storage verify. See: agent-brain storage --help")
    if arguments.action != "copy" and (arguments.dry_run or arguments.resume or arguments.start_over):
        raise UsageError("--dry-run, --resume and --start-over go with storage copy. See: agent-brain storage --help")
    if arguments.action != "grant" and (arguments.revoke or arguments.project_id is not None):
        raise UsageError("--revoke and --project-id go with storage grant. See: agent-brain storage --help")
    if arguments.resume and arguments.start_over:
        raise UsageError("--resume and --start-over exclude each other. See: agent-brain storage --help")
