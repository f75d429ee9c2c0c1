"""Which files of the indexed folders are indexed: a verdict from names, metadata and rules, without reading any file.

What a file holds is judged by whoever reads it (`decode.is_binary`, `secrets.mask_file`): an unchanged index
must not open every file again. Links are never followed, so that a loop ends and every file has one path.
"""

# ruff: noqa: PTH118
# Paths are strings here: as Path objects they would double the time of a walk.

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.descent import Descent
from agent_brain_server.indexing.walking.index_root import (
    Accepts,
    FolderLeftOutError,
    FolderMissingError,
    FolderProblem,
    IndexRoot,
    accept_none,
)
from agent_brain_server.indexing.walking.real_paths import is_directory, is_gone
from agent_brain_server.indexing.walking.walk_result import (
    Enter,
    FileEntry,
    WalkCollector,
    WalkLimits,
    WalkResult,
)


def _ignore(directory: str) -> None:
    pass


class FileTree:
    """The indexed folders of a project, ready to be asked many times.

    `root` is the project's real path. A folder that cannot be read, or lies elsewhere and is not one that `accepts`
    names, is a problem, not an error; one that becomes a link later is left out from then on. `own` are absolute paths
    of the index's own files. Every call reads the ignore files in the folders; those above them are read once.
    """

    def __init__(
        self,
        root: Path,
        folders: Sequence[Folder],
        limits: WalkLimits,
        accepts: Accepts = accept_none,
        own: frozenset[str] = frozenset(),
    ) -> None:
        self.root = root.as_posix()
        self.limits = limits
        self.problems: list[FolderProblem] = []
        self.missing: list[str] = []
        self._index_roots: dict[str, IndexRoot] = {}
        for folder in folders:
            self._add(folder, accepts, own)

    @property
    def tops(self) -> tuple[str, ...]:
        """Return the real, absolute paths of the folders."""
        return tuple(self._index_roots)

    @property
    def folders(self) -> dict[str, str]:
        """Return the real path of each folder, by its path as it was given."""
        return {index_root.folder.path: path for path, index_root in self._index_roots.items()}

    def _add(self, folder: Folder, accepts: Accepts, own: frozenset[str]) -> None:
        try:
            index_root = IndexRoot.of(folder, self.root, accepts, own)
        except FolderLeftOutError as error:
            self.problems.append(error.problem)
            if isinstance(error, FolderMissingError):
                self.missing.append(folder.path)
        else:
            self._index_roots.setdefault(index_root.path, index_root)

    def name(self, absolute: str) -> str:
        """Return how an absolute path is written in the index."""
        if absolute == self.root:
            return "."
        return absolute[len(self.root) + 1 :] if absolute.startswith(f"{self.root}/") else absolute

    def absolute(self, path: str) -> str:
        """Return the absolute path of a path as it is written in the index."""
        return os.path.normpath(os.path.join(self.root, path)).replace(os.sep, "/")

    def walk(self, enter: Enter = _ignore) -> WalkResult:
        """Return all files that are to be indexed. Call `enter` with each directory before it or its rules are read."""
        collector = WalkCollector(enter, problems=list(map(str, self.problems)))
        for index_root in self._index_roots.values():
            self._descent(index_root, collector).from_top()
        return collector.result()

    def walk_beneath(self, path: str, enter: Enter = _ignore) -> WalkResult:
        """Return what `walk` finds at or beneath one path: for a job over single files and directories."""
        absolute = self.absolute(path)
        collector = WalkCollector(enter)
        if (error := _not_shown(absolute)) is not None:
            collector.not_shown(self.name(absolute), error, directory=False)
            return collector.result()
        for index_root in self._index_roots.values():
            if index_root.path != absolute and index_root.path.startswith(f"{absolute.rstrip('/')}/"):
                self._descent(index_root, collector).from_top()
        self._walk_at(path, collector)
        return collector.result()

    def _walk_at(self, path: str, collector: WalkCollector) -> None:
        """Collect what is at or beneath the path in the folder that it lies in."""
        absolute = self.absolute(path)
        index_root = self._index_root_of(absolute)
        if index_root is not None and absolute == index_root.path:
            self._descent(index_root, collector).from_top()
        elif index_root is not None and index_root.is_there() and is_directory(absolute):
            above = index_root.scope_of(absolute)
            if above is not None and not index_root.refuses_directory(above, absolute):
                self._descent(index_root, collector).from_directory(absolute, above)
        elif (entry := self.admits(path)) is not None:
            collector.files.append(entry)

    def _descent(self, index_root: IndexRoot, collector: WalkCollector) -> Descent:
        return Descent(index_root, self._index_roots, self.name, self.limits, collector)

    def admits(self, path: str) -> FileEntry | None:
        """Return the entry that `walk` has for one path, relative to the root or absolute; None if it has none."""
        absolute = self.absolute(path)
        index_root = self._index_root_of(absolute)
        scope = index_root.scope_of(absolute) if index_root and absolute != index_root.path else None
        try:
            status = os.lstat(absolute)
        except (OSError, ValueError):
            return None
        if index_root is None or scope is None or not stat.S_ISREG(status.st_mode) or not index_root.is_there():
            return None
        if index_root.refuses_file(scope, absolute) or status.st_size > self.limits.of(absolute):
            return None
        return FileEntry(self.name(absolute), absolute, index_root.folder.path, status.st_size, status.st_mtime_ns)

    def could_hold(self, path: str, *, directory: bool) -> bool:
        """Return whether the rules would let a file (or directory) at `path` into the index, be it there or not."""
        absolute = self.absolute(path)
        index_root = self._index_root_of(absolute)
        if index_root is None or absolute == index_root.path:
            return index_root is not None and directory
        scope = index_root.scope_of(absolute, gone=True)
        if scope is None:
            return False
        refuses = index_root.refuses_directory if directory else index_root.refuses_file
        return not refuses(scope, absolute)

    def _index_root_of(self, absolute: str) -> IndexRoot | None:
        """Return the innermost folder that the path is, or lies in."""
        holders = [
            index_root
            for path, index_root in self._index_roots.items()
            if absolute == path or absolute.startswith(f"{path}/")
        ]
        return max(holders, key=lambda index_root: len(index_root.path), default=None)


def _not_shown(absolute: str) -> OSError | None:
    """Return why the system does not show what is at the path; None where it does, or where nothing is."""
    try:
        os.lstat(absolute)
    except OSError as error:
        return None if is_gone(error) else error
    except ValueError:
        return None
    return None
