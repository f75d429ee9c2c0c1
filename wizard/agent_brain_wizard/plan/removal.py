"""What uninstall takes away: what setup and the server wrote, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_contract.defaults import DEFAULT_STORAGE_URL, SIDE_FILES, SQLITE
from agent_brain_contract.files import find_temporaries
from agent_brain_contract.index_file import is_index, may_be_vector_cache, read_header
from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, GITIGNORE, MANIFEST, Facts, sha256
from agent_brain_wizard.plan.apply import apply_plan
from agent_brain_wizard.plan.plan import FileWrite, Plan
from agent_brain_wizard.plan.render import render_gitignore
from agent_brain_wizard.plan.textfiles import find_block, without_block

EDITED = "edited by hand; --purge removes it too"
# Names in the state directory that the server, the client and an interrupted setup make.
_MADE_HERE = re.compile(
    r"server\.json|server\.\d+\.tmp|(?:server|lifecycle)\.lock|logs/server\.(?:log|\d+)|\..+\.[0-9a-f]{8}\.tmp"
)


class RemovalError(SetupError):
    """Something could not be removed; what came before it in the list is gone."""


@dataclass(frozen=True, slots=True)
class Removal:
    """The plan of a removal, by paths relative to the root, in this order; `kept` stays, with the reason.

    `gitignore` is that file without our lines, None where it goes as a whole or stays as it is. `directories` go if
    nothing is left in them. `index_bytes` is the size of the index among the files.
    """

    root: Path
    files: tuple[str, ...]
    gitignore: FileWrite | None
    directories: tuple[str, ...]
    kept: dict[str, str]
    index_bytes: int
    has_container: bool

    @property
    def paths(self) -> list[str]:
        """Return every path that is changed or removed."""
        return [*self.files, *([self.gitignore.path] if self.gitignore else [])]


def plan_removal(facts: Facts, purge: bool) -> Removal:
    """Return what to take away; with `purge` also what was edited by hand, and all else in the state directory."""
    return _Planner(facts, purge).plan()


class _Planner:
    """A planner that decides file by file; `kept` is what stays, with the reason, as far as it is decided."""

    def __init__(self, facts: Facts, purge: bool) -> None:
        self._facts, self._root, self._purge = facts, facts.root, purge
        self._kept: dict[str, str] = {}

    def plan(self) -> Removal:
        """Return the plan: secrets before .gitignore, by which git ignores them; the manifest of our files, last."""
        index, ours = self._index_files(), self._written_by_setup()
        left = self._left_behind({*index, *ours, MANIFEST})
        gitignore = self._gitignore()
        if not self._kept.keys().isdisjoint((*ours, GITIGNORE)):
            self._kept[MANIFEST] = "kept, since uninstall --purge reads in it what setup wrote"
        whole = gitignore is not None and not gitignore.content and self._was_made(GITIGNORE)
        files = [*index, *left, *ours, *([GITIGNORE] if whole else [])]
        files += [MANIFEST] if MANIFEST in self._facts.files else []
        return Removal(
            self._root,
            tuple(path for path in files if path not in self._kept),
            None if whole else gitignore,
            tuple(self._directories()),
            self._kept,
            sum((self._root / path).stat().st_size for path in index),
            COMPOSE in (*self._facts.files, *self._facts.manifest),
        )

    def _written_by_setup(self) -> list[str]:
        """Return the files that setup writes whole, as far as they are there."""
        ours = [path for path in (COMPOSE, ENV_FILE, CONFIG, IDENTITY) if path in self._facts.files]
        for path in ours:
            if not self._purge and path != IDENTITY and self._facts.was_edited(path):
                before = "was there before setup; --purge removes it too"
                self._kept[path] = EDITED if self._was_made(path) else before
        return ours

    def _left_behind(self, known: set[str]) -> list[str]:
        """Return what the server and a setup that was killed have left besides what is `known`."""
        left = [self._named(found) for name in (GITIGNORE, ENV_FILE) for found in find_temporaries(self._root / name)]
        for path in _in_state_directory(self._root):
            if path in known:
                continue
            if self._purge or _MADE_HERE.fullmatch(path.removeprefix(f"{STATE_DIRECTORY}/")):
                left.append(path)
            else:
                self._kept[path] = "not written by Agent Brain; --purge removes it too"
        return left

    def _directories(self) -> Iterator[str]:
        """Yield the directories to remove if they are empty then, innermost first."""
        if self._purge:
            for found, _, _ in os.walk(self._root / STATE_DIRECTORY, topdown=False):
                yield self._named(Path(found))
        yield f"{STATE_DIRECTORY}/logs"
        yield from (path for path in (STATE_DIRECTORY, STATE_DIRECTORY.partition("/")[0]) if self._was_made(path))

    def _was_made(self, path: str) -> bool:
        """Return whether `path` was not there before setup. A manifest that does not say is of an older setup."""
        return path in self._facts.created or not self._facts.created

    def _index_files(self) -> list[str]:
        """Return the index and the files with it, at the default place and where the settings say."""
        found: list[str] = []
        for url in dict.fromkeys((DEFAULT_STORAGE_URL, str(self._facts.saved.get("storage_url", "")))):
            place = unquote(url.removeprefix(SQLITE))
            if url.startswith(SQLITE) and place.strip("/"):
                named = self._root / place
                path = Path(os.path.realpath(named.parent)) / named.name
                found += self._index_at(path, is_default=url == DEFAULT_STORAGE_URL)
        return found

    def _index_at(self, path: Path, *, is_default: bool) -> list[str]:
        found: list[str] = []
        present = [one for one in _with_side_files(path) if one.is_file() and not one.is_symlink()]
        if not path.is_relative_to(self._root):
            self._keep(present, "outside the project; remove it yourself")
        elif is_default or _is_index(path):
            foreign = [one for one in present if one == _cache_of(path) and not may_be_vector_cache(one)]
            self._keep(foreign, "not written by Agent Brain")
            found = [self._named(one) for one in present if one not in foreign]
        elif path in present:
            self._keep([path], "not an Agent Brain index")
        if not is_default:
            self._keep(_replaced(path), "was there before the index; put it back yourself")
        return found

    def _keep(self, paths: Iterable[Path], reason: str) -> None:
        self._kept |= {self._named(path): reason for path in paths}

    def _named(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)

    def _gitignore(self) -> FileWrite | None:
        """Return .gitignore without the block; None where there is none or where it stays."""
        found = self._facts.files.get(GITIGNORE)
        block = find_block(found.content, render_gitignore()) if found else None
        if found is None or block is None:
            return None
        if not self._purge and sha256(b"\n".join(block.splitlines())) != self._facts.manifest.get(GITIGNORE):
            self._kept[GITIGNORE] = f"its agent-brain block was {EDITED}"
            return None
        if ENV_FILE in self._kept:
            self._kept[GITIGNORE] = f"keeps {ENV_FILE}, which stays, out of version control"
            return None
        content = without_block(found.content, render_gitignore())
        return FileWrite(GITIGNORE, content, found.mode, "Agent Brain's lines removed")


def _in_state_directory(root: Path) -> list[str]:
    """Return every file and link under the state directory; links are not followed."""
    found = []
    for directory, folders, files in os.walk(root / STATE_DIRECTORY):
        links = [name for name in folders if (Path(directory) / name).is_symlink()]
        found += [(Path(directory) / name).relative_to(root).as_posix() for name in (*files, *links)]
    return sorted(found)


def _replaced(path: Path) -> list[Path]:
    """Return what an earlier version renamed to make room for an index."""
    try:
        names = re.compile(re.escape(path.name) + r"\.kept-\d+")
        return sorted(one for one in path.parent.iterdir() if names.fullmatch(one.name))
    except OSError:
        return []


def _with_side_files(path: Path) -> Iterator[Path]:
    yield path
    for ending in SIDE_FILES:
        yield path.with_name(path.name + ending)
    yield _cache_of(path)


def _cache_of(path: Path) -> Path:
    return path.with_suffix(".vectors" if path.suffix != ".vectors" else ".vectors.cache")


def _is_index(path: Path) -> bool:
    try:
        return bool(read_header(path)) and is_index(path)
    except OSError:
        return False


def remove(removal: Removal) -> None:
    """Do it in the order of the list, .gitignore before the manifest. What is gone already is fine.

    Raise RemovalError.
    """
    for path in removal.files:
        if path == MANIFEST:
            _restore_gitignore(removal)
        try:
            (removal.root / path).unlink(missing_ok=True)
        except OSError as error:
            raise _not_removed(path, error.strerror) from error
    if MANIFEST not in removal.files:
        _restore_gitignore(removal)
    for path in removal.directories:
        with suppress(OSError):
            (removal.root / path).rmdir()


def _restore_gitignore(removal: Removal) -> None:
    if removal.gitignore is not None:
        try:
            apply_plan(removal.root, Plan((removal.gitignore,)))
        except SetupError as error:
            reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else None
            raise _not_removed(f"the block of Agent Brain in {GITIGNORE}", reason) from error


def _not_removed(path: str, reason: str | None) -> RemovalError:
    return RemovalError(
        f"{path} cannot be removed: {reason}. Make its directory writable, then run again: agent-brain uninstall"
    )
