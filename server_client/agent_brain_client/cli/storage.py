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
ENDS = f"""copy        copy the index to another place
verify      compare the index in two places
prepare     create the tables in PostgreSQL, or upgrade them to this version
grant       create a PostgreSQL role that can use this project only, and print
            its URL
distribute  distribute the tables over a Citus cluster

--from and --to are storage URLs (sqlite:///PATH, postgresql://…), or `current`:
the place in the settings. If you give one of the two only, the other is
current; if the one you give is current, the other is the URL in the environment
variable {OTHER_VARIABLE}. A PostgreSQL URL without a password takes it
from POSTGRES_PASSWORD. Other users of this machine can see a password in an
argument: use the variables.

copy does not change the source, and refuses a target that already has an index
of this project. An interrupted copy continues with --resume; until it is
complete no server uses it. To use the copy, set AGENT_BRAIN_STORAGE_URL in
.env.agent-brain, then run: agent-brain setup (it asks you to accept the new
place), agent-brain restart

prepare and grant need the owner of the tables: the URL in the settings, or the
one in AGENT_BRAIN_OWNER_URL. grant prints the URL once; run it again to get a
new password."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = ENDS
    parser.add_argument(
        "action",
        choices=("copy", "verify", "distribute", "prepare", "grant"),
        help="what to do, see below",
    )
    parser.add_argument("--from", dest="source", metavar="URL", default="", help="where the index is now")
    parser.add_argument(
        "--to", dest="target", metavar="URL", default="", help="copy: where to copy it; verify: where the copy is"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="copy: check both places and count the rows, write nothing"
    )
    parser.add_argument("--resume", action="store_true", help="copy: continue an interrupted copy")
    parser.add_argument("--start-over", action="store_true", help="copy: discard an interrupted copy and start again")
    parser.add_argument(
        "--revoke", action="store_true", help="grant: withdraw the rights of the project's role instead"
    )
    parser.add_argument("--project-id", metavar="ID", help="grant: for another project in the same database")
    parser.add_argument("--queries", metavar="FILE", help="verify: ask both places the questions in FILE, one per line")


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
        raise UsageError("use either --resume or --start-over. See: agent-brain storage --help")
