"""`agent-brain uninstall`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent_brain_client.discovery import find_root
from agent_brain_client.errors import FAILED, OK, ClientError, UsageError
from agent_brain_client.isolation import restrict_search_path
from agent_brain_client.lifecycle import stop
from agent_brain_client.output import confirm, home_relative, note, print_json, say, size, styled
from agent_brain_contract.consent import forget_record
from agent_brain_contract.escaping import name, one_line
from agent_brain_wizard.asking.saved_answers import drop_answers
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.facts.probe import probe_project
from agent_brain_wizard.plan.removal import Removal, plan_removal, remove


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show what would be removed, and remove nothing")
    parser.add_argument(
        "--purge",
        action="store_true",
        help="remove also what you edited by hand, and the PostgreSQL container of this project with its data",
    )


def run(arguments: argparse.Namespace) -> int:
    """Stop the server and take out of the project what setup and the server wrote there."""
    root = find_root(arguments.project)
    restrict_search_path(root)
    removal = plan_removal(probe_project(root, needs_record=False), arguments.purge)
    if arguments.dry_run or not removal.paths:
        if not arguments.dry_run:
            _forget(root)  # one that was killed may have come so far
        _report(arguments, removal, _notes(removal, arguments.purge))
        return OK
    if not arguments.yes and not _confirmed(arguments, removal):
        note("Nothing was removed.")
        return FAILED
    # A server that ends writes and removes files of its own, so they are looked for again.
    stop(root)
    failure = _drop_container(root) if removal.has_container and arguments.purge else ""
    notes = _notes(removal, arguments.purge, failure, done=True)
    removal = plan_removal(probe_project(root, needs_record=False), arguments.purge)
    remove(removal)
    _forget(root)
    _report(arguments, removal, notes)
    return OK


def _forget(root: Path) -> None:
    drop_answers(root)
    forget_record(root)


def _confirmed(arguments: argparse.Namespace, removal: Removal) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        purge = " --purge" if arguments.purge else ""
        raise UsageError(f"there is no terminal to ask on. Run: agent-brain uninstall{purge} --yes")
    for line in _lines("Will remove", removal, _notes(removal, arguments.purge)):
        note(line)
    return confirm("Go ahead?")


def _drop_container(root: Path) -> str:
    """Remove the container and its data; why not, where Docker does not do it."""
    from agent_brain_wizard.database.service import down

    try:
        down(root, purge=True)
    except ClientError as error:
        return str(error)
    return ""


def _notes(removal: Removal, purge: bool, failure: str = "", *, done: bool = False) -> list[str]:
    """Return what else goes, or is gone when it is `done`, and what stays outside of the project."""
    notes = []
    verb = "is deleted" if done else "will be deleted"
    if removal.index_bytes:
        notes.append(f"the index ({size(removal.index_bytes)}) {verb} too; it can be built again from your files")
    if not removal.has_container:
        return notes
    command = f"docker compose --project-name {compose_project(removal.root)} down --volumes"
    if failure:
        notes.append(f"the PostgreSQL container could not be removed: {failure} To remove it later: {command}")
    elif purge:
        notes.append(f"the PostgreSQL container {verb} too, with the index in it")
    elif done:
        notes.append(f"the PostgreSQL container and its data are kept. To delete them: {command}")
    else:
        notes.append(
            "the PostgreSQL container and its data are kept. To delete them too: agent-brain uninstall --purge"
        )
    return notes


def _report(arguments: argparse.Namespace, removal: Removal, notes: list[str]) -> None:
    if arguments.json:
        print_json(
            {
                "project": str(removal.root),
                "dry_run": arguments.dry_run,
                "removed": removal.paths,
                "kept": removal.kept,
                "notes": notes,
            }
        )
        return
    if not removal.paths:
        say("Nothing to remove.")
    title = "Would remove" if arguments.dry_run else "Removed"
    for line in _lines(title if removal.paths else "", removal, notes):
        say(line)


def _lines(title: str, removal: Removal, notes: list[str]) -> list[str]:
    lines = [f"{styled(title, 'bold')} from {home_relative(removal.root)}"] if title else []
    lines += [f"  {name(path)}" for path in removal.files]
    if removal.gitignore is not None:
        lines.append(f"  {name(removal.gitignore.path):<38} {one_line(removal.gitignore.detail)}")
    if removal.kept:
        lines.append("Kept")
        lines += [f"  {name(path):<38} {one_line(reason)}" for path, reason in removal.kept.items()]
    return [*lines, *(one_line(f"Note: {remark}") for remark in notes)]
