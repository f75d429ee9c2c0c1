"""The project's files: what is there, who may read it, and whether it can be written."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from agent_brain_client.discovery import state_directory
from agent_brain_client.output import size
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_contract.consent import is_emptied, lost_identity
from agent_brain_contract.paths import TOKEN_VARIABLE
from agent_brain_wizard.checks.finding import FIX, Finding, State
from agent_brain_wizard.facts.git import ask_git
from agent_brain_wizard.facts.probe import CONFIG, GITIGNORE, MANIFEST, Facts, misplaced
from agent_brain_wizard.facts.settings_report import SETUP
from agent_brain_wizard.plan.render import render_gitignore
from agent_brain_wizard.plan.textfiles import find_block

SCARCE_BYTES = 500_000_000
LEAST_BYTES = 50_000_000
GIT_SECONDS = 5.0
# Made for the owner alone by setup and by the server.
_PRIVATE = (
    ENV_FILE,
    *(f"{STATE_DIRECTORY}/{name}" for name in ("server.json", "index.db", "index.db-wal", "index.vectors")),
    f"{STATE_DIRECTORY}/logs",
    f"{STATE_DIRECTORY}/logs/server.log",
    f"{STATE_DIRECTORY}/logs/server.log.1",
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class LooseMode:
    """A path, relative to the root, that others may use more than they should, and the mode that it should have."""

    path: str
    mode: int
    wanted: int


def check_set_up(facts: Facts) -> Finding:
    """Check whether setup has been here."""
    missing = [path for path in (CONFIG, ENV_FILE) if path not in facts.files]
    problem, fix = misplaced(facts.root) if missing else ("", "")
    if problem:
        return Finding("setup", "fail", problem, fix)
    if missing and is_emptied(facts.root):
        detail = f"{facts.root} is empty, as if its disk were not mounted: a project was set up here"
        return Finding("setup", "fail", detail, SETUP)
    if missing:
        return Finding("setup", "fail", f"missing: {', '.join(missing)}", SETUP)
    if facts.record is None:
        return Finding("setup", "fail", "there is no record that you have set this project up on this machine", SETUP)
    if lost := lost_identity(facts.root):
        return Finding("setup", "fail", f"{lost} is missing or damaged", SETUP)
    if not facts.variables.get(TOKEN_VARIABLE):
        return Finding("setup", "fail", f"{ENV_FILE} has no {TOKEN_VARIABLE}", SETUP)
    return Finding("setup", "ok", f"{facts.root} is set up")


def check_modes(root: Path) -> Finding:
    """Check whether secrets and the index are for the owner alone."""
    loose = loose_modes(root)
    if not loose:
        return Finding("modes", "ok", "only you can read the secrets and the index")
    detail = ", ".join(f"{one.path} ({one.mode:04o})" for one in loose)
    state: State = "fail" if any(one.path == ENV_FILE for one in loose) else "warn"
    return Finding("modes", state, f"open to other users: {detail}", FIX)


def loose_modes(root: Path) -> list[LooseMode]:
    """Return what others may read or write; none where the system has no such modes.

    Nothing behind a link is looked at.
    """
    if os.name != "posix":
        return []
    found = [_loose(root, path, _OTHERS) for path in _PRIVATE] + [_loose(root, STATE_DIRECTORY, _OTHERS_WRITE)]
    return [one for one in found if one is not None]


def _loose(root: Path, path: str, forbidden: int) -> LooseMode | None:
    here = root.resolve() / path
    try:
        status = here.lstat()
    except OSError:
        return None
    mode = stat.S_IMODE(status.st_mode)
    if here.resolve() != here or not mode & forbidden:
        return None
    return LooseMode(path, mode, mode & ~forbidden)


def check_state_directory(root: Path) -> Finding:
    """Check whether the server can keep its files."""
    state = state_directory(root)
    existing = next(path for path in (state, *state.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("state", "fail", f"{existing} cannot be written", f"chmod u+rwx {shlex.quote(str(existing))}")
    return Finding("state", "ok", f"{existing} can be written")


def check_disk(root: Path) -> Finding:
    """Check whether the index has room to grow."""
    free = shutil.disk_usage(root).free
    if free >= SCARCE_BYTES:
        return Finding("disk", "ok", f"{size(free)} free")
    state: State = "fail" if free < LEAST_BYTES else "warn"
    return Finding("disk", state, f"only {size(free)} free", "make room on this disk")


def check_gitignore(facts: Facts) -> Finding:
    """Check whether the secrets stay out of version control."""
    if _git(facts.root, "ls-files", "--error-unmatch", ENV_FILE) == 0:
        detail = f"{ENV_FILE} is under version control, with the secrets in it"
        return Finding("gitignore", "fail", detail, f"git rm --cached {ENV_FILE}, then commit that")
    found = facts.files.get(GITIGNORE)
    named = found is not None and ENV_FILE.encode() in found.content.split()
    if named or _git(facts.root, "check-ignore", "--quiet", ENV_FILE) == 0:
        return Finding("gitignore", "ok", f"{ENV_FILE} is kept out of version control")
    line = f"echo {ENV_FILE} >> {shlex.quote(str(facts.root / GITIGNORE))}"
    fix = line if has_block(facts) else FIX if MANIFEST in facts.files else SETUP
    return Finding("gitignore", "warn", f"{GITIGNORE} does not name {ENV_FILE}, which has secrets", fix)


def has_block(facts: Facts) -> bool:
    """Return whether .gitignore has setup's lines, as they are or edited."""
    found = facts.files.get(GITIGNORE)
    return found is not None and find_block(found.content, render_gitignore()) is not None


def _git(root: Path, *arguments: str) -> int:
    """Return what git says; 128 as git itself where it cannot say anything."""
    done = ask_git(root, *arguments, seconds=GIT_SECONDS)
    return 128 if done is None else done.returncode
