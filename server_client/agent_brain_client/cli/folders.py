"""`agent-brain folders`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from agent_brain_client.cli.session import connect, project_path, project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.consenting import accept_folder
from agent_brain_client.errors import OK, UsageError
from agent_brain_client.isolation import holds_home
from agent_brain_client.output import count, print_json, say, say_rows
from agent_brain_client.wire import FolderRequest
from agent_brain_contract.escaping import name


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "add", "remove"), default="list", help="default: list")
    parser.add_argument("path", nargs="?", metavar="PATH", help="the folder to add or remove")
    parser.add_argument("--include", action="append", default=[], metavar="GLOB", help="add: take only these files")
    parser.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="add: leave these files out")
    parser.add_argument("--yes", action="store_true", help="add: even a folder that holds the home directory")


def run(arguments: argparse.Namespace) -> int:
    """List the folders, or add or remove one."""
    _check(arguments)
    root = project_root(arguments)
    path = project_path(root, arguments.path) if arguments.path else ""
    if arguments.action == "add":
        _refuse_home(path, arguments)
        accept_folder(root, path)
    client = connect(root)
    if arguments.action == "add":
        request = FolderRequest(path=path, include=tuple(arguments.include), exclude=tuple(arguments.exclude))
        return _add(client, request, arguments.json)
    if arguments.action == "remove":
        return _remove(client, path, arguments.json)
    return _list(client, arguments.json)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.action == "list" and arguments.path:
        raise UsageError("folders list takes no PATH. See: agent-brain folders --help")
    if arguments.action != "list" and not arguments.path:
        raise UsageError(f"folders {arguments.action} needs a PATH. See: agent-brain folders --help")
    if arguments.action != "add" and (arguments.include or arguments.exclude or arguments.yes):
        raise UsageError("--include, --exclude and --yes go with folders add. See: agent-brain folders --help")


def _refuse_home(path: str, arguments: argparse.Namespace) -> None:
    if arguments.yes or not Path(path).is_absolute() or not holds_home(path):
        return
    globs = [("--include", glob) for glob in arguments.include] + [("--exclude", glob) for glob in arguments.exclude]
    words = ["agent-brain", "folders", "add", "--yes", *(word for pair in globs for word in pair), path]
    raise UsageError(
        f"{path} holds your home directory, and all in it would be indexed. Name a folder in it, or confirm it:"
        f" {shlex.join(words)}"
    )


def _add(client: AgentBrainClient, request: FolderRequest, as_json: bool) -> int:
    added = client.add_folder(request)
    if as_json:
        print_json(added)
    else:
        job = added["job"]["id"]
        say(f"Added {name(added['folder']['path'])}. Follow its indexing: agent-brain jobs --watch {job}")
    return OK


def _remove(client: AgentBrainClient, path: str, as_json: bool) -> int:
    removed = client.remove_folder(path)
    if as_json:
        print_json(removed)
    else:
        counts = f"{count(removed['files'], 'file')}, {count(removed['chunks'], 'chunk')}"
        kept = removed.get("kept_in")
        where = f"; its files stay, as part of the folder {name(kept)}" if kept else f" ({counts})"
        say(f"Removed {name(path)} from the {'folders' if kept else 'index'}{where}.")
    return OK


def _list(client: AgentBrainClient, as_json: bool) -> int:
    folders = client.folders()
    if as_json:
        print_json(folders)
        return OK
    for folder in folders["folders"]:
        rules = [*(f"+{glob}" for glob in folder["include"]), *(f"-{glob}" for glob in folder["exclude"])]
        counts = f"{count(folder['files'], 'file')} · {count(folder['chunks'], 'chunk')}"
        say_rows(f"{name(folder['path']):<40} {counts} {' '.join(map(name, rules))}".rstrip())
    if not folders["folders"]:
        say("No folders are indexed. Add one: agent-brain folders add PATH")
    return OK
