"""An indexed folder as it lies on disk, and why an entry in it is left out for its name."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

from agent_brain_contract.errors import cause
from agent_brain_contract.escaping import name as shown
from agent_brain_contract.paths import STATE_DIRECTORY
from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.indexing.secrets import is_secret_directory, is_secret_path
from agent_brain_server.indexing.walking.exclusions import (
    BINARY_EXTENSIONS,
    extension,
    is_in_state,
    is_marked,
    is_never_entered,
)
from agent_brain_server.indexing.walking.ignore import Scope, TooManyRulesError, scope_above
from agent_brain_server.indexing.walking.real_paths import is_directory, is_gone, is_real

DEEPEST = 200  # directories inside each other

Accepts: TypeAlias = Callable[[str], bool]
"""Whether the person has accepted the folder outside the project with this real path."""


@dataclass(frozen=True, slots=True)
class FolderProblem:
    """A problem of an indexed folder: `detail` without a full stop, and if there is one the `command` for what
    `way_on` says. They are apart since a reader of the sentence cannot say where a folder's own name ends.
    """

    detail: str
    way_on: str = "Run"
    command: str = ""

    def __str__(self) -> str:
        """Return it as a sentence, and what to run."""
        return f"{self.detail}. {self.way_on}: {self.command}" if self.command else f"{self.detail}."


class FolderLeftOutError(Exception):
    """A folder that is not read; `str()` is a sentence that says why."""

    def __init__(self, problem: FolderProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class FolderMissingError(FolderLeftOutError):
    """A folder that is not there, perhaps for now: a disk may not be mounted."""


def accept_none(outside: str) -> bool:
    """Accept no folder outside the project."""
    return False


@dataclass(frozen=True, slots=True)
class IndexRoot:
    """An indexed folder on disk.

    `path` is its absolute path with links resolved; `above` are the ignore rules from outside of it; `own` are the
    absolute paths of the index's own files: each job writes them, and would be followed by another.
    A refusal is one of the reasons of `WalkResult.skipped`, empty for what is taken. Paths are absolute, and the
    scope is that of the directory which the path lies in.
    """

    folder: Folder
    path: str
    above: Scope
    included: Callable[[str], bool] | None
    excluded: Callable[[str], bool] | None
    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, folder: Folder, root: str, accepts: Accepts, own: frozenset[str] = frozenset()) -> Self:
        """Return the folder where it lies for the project at `root`, a real path. Raise FolderLeftOutError."""
        top = _find_top(folder, root, accepts)
        included = path_matcher(folder.include) if folder.include else None
        excluded = path_matcher(folder.exclude) if folder.exclude else None
        try:
            return cls(folder, top, scope_above(top, root), included, excluded, own)
        except TooManyRulesError as error:
            raise FolderLeftOutError(oversized_rules(error, f"the folder {folder.path} is left out")) from error

    def is_there(self) -> bool:
        """Return whether `path` still is where it was: no part of it has become a link."""
        return is_real(self.path)

    def refuses_directory(self, scope: Scope, path: str) -> str:
        """Return why a directory beneath the folder is not entered."""
        name = path[path.rfind("/") + 1 :]
        if is_never_entered(path, name):
            return "ignored"
        if is_secret_directory(name, path):
            return "secret"
        if not _is_utf8(name):
            return "unreadable"
        if scope.ignores(path, name, directory=True):
            return "ignored"
        if path.count("/", len(self.path)) > DEEPEST:
            return "too_deep"
        return "filtered" if self._excludes_all_of(path) else ""

    def refuses_file(self, scope: Scope, path: str) -> str:
        """Return why a file beneath the folder is left out."""
        name = path[path.rfind("/") + 1 :]
        if name == ".git" or (self.own and path in self.own):  # the former is that of a worktree or a submodule
            return "ignored"
        if is_secret_path(path, name):
            return "secret"
        if not _is_utf8(name):
            return "unreadable"
        if scope.ignores(path, name, directory=False):
            return "ignored"
        if self.included or self.excluded:
            relative = path[len(self.path) + 1 :]
            if (self.included and not self.included(relative)) or (self.excluded and self.excluded(relative)):
                return "filtered"
        return "binary" if extension(name) in BINARY_EXTENSIONS else ""

    def scope_of(self, path: str, *, gone: bool = False) -> Scope | None:
        """Return the rules for the entry at `path` beneath the folder; None if the walk does not come there.

        With `gone`, directories that no longer exist are judged by their names.
        """
        try:
            return self._scope_inside(path, gone)
        except TooManyRulesError:
            return None

    def _scope_inside(self, path: str, gone: bool) -> Scope | None:
        directory = self.path
        scope = self.above.enter(directory)
        for name in path[len(self.path) :].split("/")[1:-1]:
            directory = f"{directory}/{name}"
            passable = is_directory(directory) or (gone and not os.path.lexists(directory))
            if not passable or self.refuses_directory(scope, directory) or is_marked(directory):
                return None
            scope = scope.enter(directory)
        return scope

    def _excludes_all_of(self, directory: str) -> bool:
        """Return whether the folder's globs leave out all of a directory; where one takes back, each file is asked."""
        if not self.excluded or any(glob.startswith("!") for glob in self.folder.exclude):
            return False
        return self.excluded(f"{directory[len(self.path) + 1 :]}/")


def oversized_rules(error: TooManyRulesError, outcome: str) -> FolderProblem:
    """Return what too many ignore rules lead to, and what to do."""
    return FolderProblem(f"{error}, so {outcome}", f"Shorten {error.pronoun}, then run", "agent-brain index --wait")


def _find_top(folder: Folder, root: str, accepts: Accepts) -> str:
    """Return the real path of the folder's directory, which is inside the project or accepted."""
    try:
        path = Path(root, folder.path).resolve()
        top = path.as_posix()
    except (OSError, RuntimeError, ValueError) as error:
        raise FolderMissingError(FolderProblem(f"The folder {folder.path} cannot be found: {cause(error)}")) from error
    if is_in_state(top):
        detail = f"The folder {folder.path} belongs to the state directory {STATE_DIRECTORY}, which is never indexed"
        raise FolderLeftOutError(FolderProblem(detail))
    if not path.is_relative_to(root) and not accepts(top):
        raise FolderLeftOutError(_not_accepted(folder.path, top))
    _require_directory(folder.path, top)
    return top


def _require_directory(folder: str, top: str) -> None:
    try:
        is_one = stat.S_ISDIR(Path(top).stat().st_mode)
    except OSError as error:
        what = "does not exist" if is_gone(error) else f"cannot be read ({error.strerror or type(error).__name__})"
    else:
        if is_one:
            return
        what = "is not a directory"
    detail = f"The folder {folder} {what}; what the index holds of it is kept"
    command = f"agent-brain folders remove {shlex.quote(shown(folder))}"
    raise FolderMissingError(FolderProblem(detail, "To drop it", command))


def _not_accepted(folder: str, top: str) -> FolderProblem:
    where = "lies" if folder == top else f"leads to {shown(top)},"
    detail = f"The folder {folder} {where} outside the project, which you have not accepted; it is left out"
    return FolderProblem(detail, "Run agent-brain setup, or", f"agent-brain folders add {shlex.quote(shown(top))}")


def _is_utf8(name: str) -> bool:
    """Return whether the name is UTF-8: any other has lone surrogates, which no index and no JSON can hold."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
