"""An indexed folder where it lies on disk, and why an entry in it is left out for its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.indexing.exclusions import BINARY_EXTENSIONS, extension, is_never_entered
from agent_brain_server.indexing.ignore import Scope, scope_above
from agent_brain_server.indexing.secrets import is_secret_directory, is_secret_path

DEEPEST = 200  # directories inside each other


@dataclass(frozen=True, slots=True)
class Place:
    """`top` is the folder's absolute path with links resolved; `above` are the ignore rules from outside of it.

    A refusal is one of the reasons of `walk.WalkResult.skipped`, empty for what is taken. Paths are absolute, and the
    scope is that of the directory which the path lies in.
    """

    folder: Folder
    top: str
    above: Scope
    included: Callable[[str], bool] | None
    excluded: Callable[[str], bool] | None

    @classmethod
    def of(cls, folder: Folder, top: str, root: str) -> Self:
        """The folder that lies at `top` in the project at `root`."""
        included = path_matcher(folder.include) if folder.include else None
        excluded = path_matcher(folder.exclude) if folder.exclude else None
        return cls(folder, top, scope_above(top, root), included, excluded)

    def refuses_directory(self, scope: Scope, path: str) -> str:
        """Why a directory beneath the folder is not entered."""
        name = path[path.rfind("/") + 1 :]
        if is_never_entered(path, name):
            return "ignored"
        if is_secret_directory(name, path):
            return "secret"
        if not _is_utf8(name):
            return "unreadable"
        if scope.ignores(path, name, directory=True):
            return "ignored"
        if path.count("/", len(self.top)) > DEEPEST:
            return "too_deep"
        return "filtered" if self._excludes_all_of(path) else ""

    def refuses_file(self, scope: Scope, path: str) -> str:
        """Why a file beneath the folder is left out."""
        name = path[path.rfind("/") + 1 :]
        if name == ".git":  # of a worktree or a submodule
            return "ignored"
        if is_secret_path(path, name):
            return "secret"
        if not _is_utf8(name):
            return "unreadable"
        if scope.ignores(path, name, directory=False):
            return "ignored"
        if self.included or self.excluded:
            relative = path[len(self.top) + 1 :]
            if (self.included and not self.included(relative)) or (self.excluded and self.excluded(relative)):
                return "filtered"
        return "binary" if extension(name) in BINARY_EXTENSIONS else ""

    def _excludes_all_of(self, directory: str) -> bool:
        """Whether the folder's globs leave out all of a directory; where one takes back, each file is asked."""
        if not self.excluded or any(glob.startswith("!") for glob in self.folder.exclude):
            return False
        return self.excluded(f"{directory[len(self.top) + 1 :]}/")


def _is_utf8(name: str) -> bool:
    """A name that is not UTF-8 comes with lone surrogates in it, which no index and no JSON can hold."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
