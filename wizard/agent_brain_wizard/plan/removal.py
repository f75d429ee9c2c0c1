"""What uninstall takes away: what setup and the server wrote, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_contract.files import find_temporaries
from agent_brain_contract.index_file import is_index, may_be_vector_cache, read_header
from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.answers.questions import DEFAULT_STORAGE_URL
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
_SQLITE = "sqlite:///"


class RemovalError(SetupError):
    """Something could not be removed; what came before it in the list is gone."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What would go, by paths relative to the root, in this order; `kept` stays, with the reason.

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
        """Everything that is touched."""
        return [*self.files, *([self.gitignore.path] if self.gitignore else [])]


def plan_removal(facts: Facts, purge: bool) -> Removal:
    """What to take away; with `purge` also what was edited by hand, and all else in the state directory."""
    kept: dict[str, str] = {}
    index = _index_files(facts, kept)
    ours = _ours(facts, purge, kept)
    made = _made(facts.root, purge, kept, {*index, *ours, MANIFEST})
    gitignore = _gitignore(facts, purge, kept)
    if not kept.keys().isdisjoint((*ours, GITIGNORE)):
        kept[MANIFEST] = "kept, since uninstall --purge reads in it what setup wrote"
    whole = gitignore is not None and not gitignore.content and _was_made(facts, GITIGNORE)
    # Secrets go before .gitignore, which git ignores them by; the manifest, which says what is ours, goes last.
    files = [*index, *made, *ours, *([GITIGNORE] if whole else []), *([MANIFEST] if MANIFEST in facts.files else [])]
    return Removal(
        facts.root,
        tuple(path for path in files if path not in kept),
        None if whole else gitignore,
        tuple(_directories(facts, purge)),
        kept,
        sum((facts.root / path).stat().st_size for path in index),
        COMPOSE in (*facts.files, *facts.manifest),
    )


def _ours(facts: Facts, purge: bool, kept: dict[str, str]) -> list[str]:
    """The files that setup writes whole, as far as they are there."""
    ours = [path for path in (COMPOSE, ENV_FILE, CONFIG, IDENTITY) if path in facts.files]
    for path in ours:
        if not purge and path != IDENTITY and facts.was_edited(path):
            kept[path] = EDITED if _was_made(facts, path) else "was there before setup; --purge removes it too"
    return ours


def _made(root: Path, purge: bool, kept: dict[str, str], known: set[str]) -> list[str]:
    """What the server and a setup that was killed have left besides what is `known`."""
    made = [
        found.relative_to(root).as_posix() for name in (GITIGNORE, ENV_FILE) for found in find_temporaries(root / name)
    ]
    for path in _in_state_directory(root):
        if path in known:
            continue
        if purge or _MADE_HERE.fullmatch(path.removeprefix(f"{STATE_DIRECTORY}/")):
            made.append(path)
        else:
            kept[path] = "not written by Agent Brain; --purge removes it too"
    return made


def _directories(facts: Facts, purge: bool) -> Iterator[str]:
    """Innermost first."""
    state = facts.root / STATE_DIRECTORY
    if purge:
        yield from (Path(found).relative_to(facts.root).as_posix() for found, _, _ in os.walk(state, topdown=False))
    yield f"{STATE_DIRECTORY}/logs"
    yield from (path for path in (STATE_DIRECTORY, STATE_DIRECTORY.partition("/")[0]) if _was_made(facts, path))


def _was_made(facts: Facts, path: str) -> bool:
    """Whether `path` was not there before setup. A manifest that does not say is of an older setup."""
    return path in facts.created or not facts.created


def _in_state_directory(root: Path) -> list[str]:
    """Every file and link under the state directory; links are not followed."""
    found = []
    for directory, folders, files in os.walk(root / STATE_DIRECTORY):
        links = [name for name in folders if (Path(directory) / name).is_symlink()]
        found += [(Path(directory) / name).relative_to(root).as_posix() for name in (*files, *links)]
    return sorted(found)


def _index_files(facts: Facts, kept: dict[str, str]) -> list[str]:
    """The index and the files beside it, at the default place and where the settings say."""
    found: list[str] = []
    for url in dict.fromkeys((DEFAULT_STORAGE_URL, str(facts.saved.get("storage_url", "")))):
        if not url.startswith(_SQLITE) or not unquote(url.removeprefix(_SQLITE)).strip("/"):
            continue
        named = facts.root / unquote(url.removeprefix(_SQLITE))
        path = Path(os.path.realpath(named.parent)) / named.name
        present = [one for one in _with_side_files(path) if one.is_file() and not one.is_symlink()]
        if not path.is_relative_to(facts.root):
            kept |= {str(one): "outside the project; remove it yourself" for one in present}
        elif url == DEFAULT_STORAGE_URL or _is_index(path):
            ours, others = _sorted_out(path, present)
            found += [_named(facts.root, one) for one in ours]
            kept |= {_named(facts.root, one): "not written by Agent Brain" for one in others}
        elif path in present:
            kept[path.relative_to(facts.root).as_posix()] = "not an Agent Brain index"
        if url != DEFAULT_STORAGE_URL:
            kept |= {
                _named(facts.root, one): "was there before the index; put it back yourself" for one in _replaced(path)
            }
    return found


def _sorted_out(path: Path, present: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Part `present`, the index in `path` and the files with it, into ours and a vector cache that is none."""
    others = [one for one in present if one == _cache_of(path) and not may_be_vector_cache(one)]
    return [one for one in present if one not in others], others


def _named(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _replaced(path: Path) -> list[Path]:
    """What an earlier version renamed to make room for an index."""
    try:
        names = re.compile(re.escape(path.name) + r"\.kept-\d+")
        return sorted(one for one in path.parent.iterdir() if names.fullmatch(one.name))
    except OSError:
        return []


def _with_side_files(path: Path) -> Iterator[Path]:
    yield path
    for ending in ("-wal", "-shm", "-journal"):
        yield path.with_name(path.name + ending)
    yield _cache_of(path)


def _cache_of(path: Path) -> Path:
    return path.with_suffix(".vectors" if path.suffix != ".vectors" else ".vectors.cache")


def _is_index(path: Path) -> bool:
    try:
        return bool(read_header(path)) and is_index(path)
    except OSError:
        return False


def _gitignore(facts: Facts, purge: bool, kept: dict[str, str]) -> FileWrite | None:
    """.gitignore without the block; None where there is none or where it stays."""
    found = facts.files.get(GITIGNORE)
    block = find_block(found.content, render_gitignore()) if found else None
    if found is None or block is None:
        return None
    if not purge and sha256(b"\n".join(block.splitlines())) != facts.manifest.get(GITIGNORE):
        kept[GITIGNORE] = f"its agent-brain block was {EDITED}"
        return None
    if ENV_FILE in kept:
        kept[GITIGNORE] = f"keeps {ENV_FILE}, which stays, out of version control"
        return None
    return FileWrite(
        GITIGNORE, without_block(found.content, render_gitignore()), found.mode, "Agent Brain's lines removed"
    )


def remove(removal: Removal) -> None:
    """Do it in the order of the list, .gitignore before the manifest. What is gone already is fine.

    Raises RemovalError.
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
