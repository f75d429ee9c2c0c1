"""The descent through one indexed folder: list each directory, take its files, enter its directories.

Paths are strings here: as Path objects they would double the time of a walk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass

from agent_brain_server.indexing.walking.exclusions import DOCUMENT_EXTENSIONS, MARKERS, extension
from agent_brain_server.indexing.walking.ignore import EXCLUDE_DIRECTORY, REPOSITORY, Scope, TooManyRulesError
from agent_brain_server.indexing.walking.index_root import DEEPEST, IndexRoot
from agent_brain_server.indexing.walking.real_paths import is_gone
from agent_brain_server.indexing.walking.walk_result import NAMED, FileEntry, WalkCollector, WalkLimits

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class Descent:
    """A walk through the folder `root`, whose results go to `collector`.

    `name` returns how an absolute path is written in the index. `tops` are the directories of all indexed folders: one
    that is met below is left to its own descent.
    """

    root: IndexRoot
    tops: Container[str]
    name: Callable[[str], str]
    limits: WalkLimits
    collector: WalkCollector

    def from_top(self) -> None:
        """Collect all files of the folder, nothing where it has become a link."""
        if self.root.is_there():
            self.from_directory(self.root.path, self.root.above)
        else:
            sentence = f"The folder {self.root.folder.path} has been replaced by a link; it is left out."
            self.collector.problems.append(sentence)

    def from_directory(self, directory: str, above: Scope) -> None:
        """Collect the files in a directory and beneath it; `above` are the rules from outside of it."""
        pending = [(directory, above)]
        while pending:
            directory, above = pending.pop()
            entered = self._enter(directory, above)
            if entered is not None:
                entries, scope = entered
                pending += [(path, scope) for path in self._take(directory, entries, scope)]

    def _enter(self, directory: str, above: Scope) -> tuple[list[os.DirEntry[str]], Scope] | None:
        """Return the entries of a directory and the rules for them; None, and collect why, where it is left out."""
        self.collector.enter(directory)
        try:
            with os.scandir(directory) as listing:
                entries = {entry.name: entry for entry in listing}
            if directory != self.root.path and not MARKERS.isdisjoint(entries):
                self.collector.skipped["ignored"] += 1
                return None
            if REPOSITORY in entries:
                self.collector.enter(f"{directory}/{EXCLUDE_DIRECTORY}")
            return list(entries.values()), above.enter(directory, entries)
        except OSError as error:
            if directory == self.root.path and is_gone(error):  # as for a folder that is missing when the walk begins
                self.collector.unknown.add(self.name(directory))
            self.collector.not_shown(self.name(directory), error, directory=True)
        except TooManyRulesError as error:
            self.collector.leave_out_oversized(self.name(directory), error)
        return None

    def _take(self, directory: str, entries: Iterable[os.DirEntry[str]], scope: Scope) -> Iterator[str]:
        """Take the files among the entries of a directory; yield the directories to enter."""
        name = self.name(directory)
        prefix = "" if name == "." else f"{name}/"
        for entry in entries:
            path = f"{directory}/{entry.name}"
            if path not in self.tops and self._take_entry(entry, path, prefix + entry.name, scope):
                yield path

    def _take_entry(self, entry: os.DirEntry[str], path: str, name: str, scope: Scope) -> bool:
        """Take a file, or leave the entry out; return whether it is a directory to enter."""
        try:
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_directory:
                reason = self.root.refuses_directory(scope, path)
            else:
                reason = self._take_file(entry, path, name, scope)
        except OSError as error:
            self.collector.not_shown(name, error, directory=False)
            return False
        if reason:
            detail = self._detail(reason, path, entry) if reason in NAMED else ""
            self.collector.leave_out(name, reason, detail, directory=is_directory)
        return is_directory and not reason

    def _take_file(self, entry: os.DirEntry[str], path: str, name: str, scope: Scope) -> str:
        """Take a file, or return why not. Raise OSError where the system does not show it."""
        reason = self.root.refuses_file(scope, path)
        if reason in ("ignored", "filtered"):
            return reason
        if entry.is_symlink():
            return "link"
        if not entry.is_file(follow_symlinks=False):
            return "not_a_file"
        if reason:
            return reason
        status = entry.stat(follow_symlinks=False)
        if status.st_size > self.limits.of(path):
            return "too_large"
        self.collector.files.append(FileEntry(name, path, self.root.folder.path, status.st_size, status.st_mtime_ns))
        return ""

    def _detail(self, reason: str, path: str, entry: os.DirEntry[str]) -> str:
        """Return what more is to be said of an entry that is left out for this reason."""
        if reason == "too_large":
            size, limit = entry.stat(follow_symlinks=False).st_size, self.limits.of(path)
            setting = "" if extension(path) in DOCUMENT_EXTENSIONS else ": raise index.max_file_bytes"
            return f"{size:,} bytes; at most {limit:,} are read{setting}"
        if reason == "not_a_file":
            mode = entry.stat(follow_symlinks=False).st_mode
            return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")
        return f"more than {DEEPEST} directories inside each other" if reason == "too_deep" else ""
