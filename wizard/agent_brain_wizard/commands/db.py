"""`agent-brain db`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent_brain_client.discovery import find_root, find_server
from agent_brain_client.errors import FAILED, OK, UNREACHABLE, UsageError
from agent_brain_client.isolation import DIRECTORY, restrict_search_path
from agent_brain_client.numbers import whole_number
from agent_brain_client.output import (
    confirm,
    count,
    home_relative,
    is_terminal,
    note,
    print_json,
    replace_line,
    say,
    say_rows,
    size,
)
from agent_brain_contract.escaping import one_line
from agent_brain_wizard.container.composition import POSTGRES
from agent_brain_wizard.container.docker import Container, Progress, probe_docker
from agent_brain_wizard.database import backup
from agent_brain_wizard.database import service as database

LABEL_COLUMNS = 11
ACTIONS = """up       start the container (its image is fetched first if need be), wait
         until it is healthy, and create the tables
down     stop and remove the container; the index is kept, unless --purge
         deletes it
status   show the container, its versions and its size; exit code 3 if it is
         not healthy
logs     show PostgreSQL's log
psql     open a prompt in the database, or run one statement with -c
backup   write the index to FILE, readable by you alone
restore  replace the index by the one in FILE"""
_GO_WITH = {
    "file": ("backup", "restore"),
    "pgadmin": ("up",),
    "purge": ("down",),
    "follow": ("logs",),
    "tail": ("logs",),
    "command": ("psql",),
    "yes": ("down", "restore"),
}
_FACTS = """
SELECT current_setting('server_version'), coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), ''),
    pg_database_size(current_database())
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = ACTIONS
    parser.add_argument("action", choices=tuple(_ACTIONS), help="what to do, see below")
    parser.add_argument("file", nargs="?", metavar="FILE", help="backup, restore: the backup")
    parser.add_argument("--pgadmin", action="store_true", help="up: start pgAdmin too")
    parser.add_argument("--purge", action="store_true", help="down: delete the index too")
    parser.add_argument("--follow", action="store_true", help="logs: print new lines too, until Ctrl-C")
    parser.add_argument("--tail", type=whole_number(0), metavar="N", help="logs: print the last N lines only")
    parser.add_argument("-c", "--command", metavar="SQL", help="psql: run this statement and print its result")
    parser.add_argument("--yes", action="store_true", help="down --purge, restore: do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Do the one thing that was asked for."""
    _check(arguments)
    root = find_root(arguments.project)
    restrict_search_path(root)
    database.require_compose(root)
    return _ACTIONS[arguments.action](root, arguments)


def _check(arguments: argparse.Namespace) -> None:
    action = arguments.action
    for name, actions in _GO_WITH.items():
        if getattr(arguments, name) not in (None, False) and action not in actions:
            flag = "FILE" if name == "file" else f"--{name}"
            raise UsageError(f"{flag} goes with db {' and '.join(actions)}. See: agent-brain db --help")
    if action in _GO_WITH["file"] and not arguments.file:
        raise UsageError(f"db {action} needs a FILE. See: agent-brain db --help")
    if arguments.json and (action == "psql" or (action == "logs" and arguments.follow)):
        raise UsageError(f"db {action} does not print JSON. Run it without --json.")


def _up(root: Path, arguments: argparse.Namespace) -> int:
    with _progress() as progress:
        if arguments.pgadmin:
            database.require_pgadmin(root)
        database.up(root, progress)
        pgadmin = database.up_pgadmin(root, progress) if arguments.pgadmin else None
    composition, container = database.find_database(root)
    port = composition.services[POSTGRES].port
    if arguments.json:
        print_json({"state": "healthy", "container": container and container.name, "port": port, "pgadmin": pgadmin})
        return OK
    say(f"PostgreSQL is healthy on 127.0.0.1:{port}.")
    if pgadmin:
        say(f"pgAdmin is starting on http://127.0.0.1:{pgadmin}; how to log in: docs/database.md")
    return OK


def _down(root: Path, arguments: argparse.Namespace) -> int:
    if arguments.purge and not _confirmed(arguments, f"Delete the index of {home_relative(root)}?"):
        return FAILED
    database.down(root, arguments.purge)
    if find_server(root) is not None:
        note("The server is still running, without its database. Stop it: agent-brain stop")
    if arguments.json:
        print_json({"stopped": True, "purged": arguments.purge})
    else:
        say("Stopped, and the index is deleted." if arguments.purge else "Stopped. The index is kept.")
    return OK


def _status(root: Path, arguments: argparse.Namespace) -> int:
    facts = _facts(root)
    if arguments.json:
        print_json(facts)
    else:
        for name, value in _status_fields(facts).items():
            say_rows(f"{name:<{LABEL_COLUMNS}}{one_line(value)}", indent=LABEL_COLUMNS)
    return OK if facts["healthy"] else UNREACHABLE


def _facts(root: Path) -> dict[str, Any]:
    composition, container = database.find_database(root)
    docker = probe_docker()
    service = composition.services[POSTGRES]
    running = container is not None and container.status == "running"
    healthy = running and container is not None and container.health in ("healthy", "")
    version, pgvector, stored = database.query(root, _FACTS).split("|") if healthy else ("", "", "0")
    return {
        "healthy": healthy,
        "state": _state(container),
        "container": container.name if container else None,
        "image": service.image,
        "host": "127.0.0.1",
        "port": service.port,
        "volumes": composition.volumes,
        "postgresql": version or None,
        "pgvector": pgvector or None,
        "bytes": int(stored) if healthy else None,
        "docker": docker.version,
        "compose": docker.compose,
    }


def _state(container: Container | None) -> str:
    if container is None:
        return "absent"
    return container.health if container.status == "running" and container.health else container.status


def _status_fields(facts: dict[str, Any]) -> dict[str, str]:
    lines = {
        "database": f"{facts['state']} · 127.0.0.1:{facts['port']}"
        + (f" · {size(facts['bytes'])}" if facts["healthy"] else ". Run: agent-brain db up"),
        "container": facts["container"] or "none",
        "image": facts["image"],
        "volume": ", ".join(facts["volumes"]),
        "docker": f"{facts['docker']} · compose {facts['compose']}",
    }
    if facts["healthy"]:
        lines["image"] += f" · PostgreSQL {facts['postgresql']} · pgvector {facts['pgvector'] or 'not installed yet'}"
    return lines


def _logs(root: Path, arguments: argparse.Namespace) -> int:
    database.find_database(root)
    command = ["logs", "--no-color", "--no-log-prefix"]
    command += ["--follow"] if arguments.follow else []
    command += [f"--tail={arguments.tail}"] if arguments.tail is not None else []
    if arguments.json:
        said = database.run_compose(root, *command, POSTGRES)
        print_json({"lines": [_log_line(line) for line in said.splitlines()]})
        return OK
    process = database.open_compose(root, [*command, POSTGRES], subprocess.DEVNULL, subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101  it was asked for
    try:
        for line in process.stdout:
            said = line.decode("utf-8", "replace").rstrip("\n")
            say(_log_line(said))
            sys.stdout.flush()
    finally:
        process.terminate()
        _, problem = process.communicate()
    if process.returncode > 0:
        raise database.explained(problem.decode("utf-8", "replace"))
    return OK


def _log_line(line: str) -> str:
    """Return a line without the order to clear it, which some versions of Compose begin it with."""
    return line.removeprefix("\x1b[2K")


def _psql(root: Path, arguments: argparse.Namespace) -> int:
    """Become psql, on all three streams."""
    database.require_running(root)
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and arguments.command is None
    asked = ["--command", arguments.command] if arguments.command is not None else []
    command = database.inside("psql", "--set=ON_ERROR_STOP=1" if not terminal else "--no-psqlrc", *asked)
    done = subprocess.run(
        database.compose_command(root, "exec", *([] if terminal else ["-T"]), *command),
        cwd=DIRECTORY,
        env=database.compose_environment(root),
        stdin=subprocess.DEVNULL if asked else None,
        check=False,
    )
    return FAILED if done.returncode else OK


def _backup(root: Path, arguments: argparse.Namespace) -> int:
    file = Path(arguments.file).absolute()
    with _progress() as progress:
        written = backup.back_up(root, file, progress)
    if arguments.json:
        print_json({"file": str(file), "bytes": written})
    else:
        say(f"Backed up to {home_relative(file)} ({size(written)}).")
    return OK


def _restore(root: Path, arguments: argparse.Namespace) -> int:
    file = Path(arguments.file).absolute()
    backup.check_restorable(root, file)
    present = backup.count_chunks(root)
    if present and not _confirmed(arguments, f"Replace the present index ({count(present, 'chunk')})?"):
        return FAILED
    with _progress() as progress:
        progress("Restoring")
        restored = backup.restore(root, file)
    if arguments.json:
        print_json({"file": str(file), "chunks": restored, "replaced": present})
    else:
        say(f"Restored {count(restored, 'chunk')} from {home_relative(file)}. Ask it: agent-brain search …")
    return OK


def _confirmed(arguments: argparse.Namespace, question: str) -> bool:
    """Return whether a person says yes. Without a terminal, and without --yes, it is refused."""
    if arguments.yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        purge = " --purge" if arguments.purge else ""
        raise UsageError(
            f"{question} There is no terminal to ask on. Run: agent-brain db {arguments.action}{purge} --yes"
        )
    if confirm(question):
        return True
    note("Nothing was changed.")
    return False


@contextmanager
def _progress() -> Iterator[Progress]:
    """Say on stderr what goes on: in one line that changes on a terminal, a line each elsewhere."""
    if not is_terminal(sys.stderr):
        yield lambda line: note(one_line(line))
        return
    try:
        yield lambda line: replace_line(one_line(line))
    finally:
        replace_line("")


_ACTIONS: dict[str, Callable[[Path, argparse.Namespace], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "psql": _psql,
    "backup": _backup,
    "restore": _restore,
}
