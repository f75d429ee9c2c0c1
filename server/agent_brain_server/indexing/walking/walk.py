"""Which files of the indexed folders are indexed: a verdict from names, metadata and rules, without reading any file.

What a file holds is judged by whoever reads it (`decode.is_binary`, `secrets.mask_file`): an unchanged index
must not open every file again. Links are never followed, so that a loop ends and every file has one path.
"""

# ruff: noqa: PTH118
# Paths are strings here: as Path objects they would double the time of a walk.

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.exclusions import DOCUMENT_EXTENSIONS, MARKERS, extension, is_marked
from agent_brain_server.indexing.walking.ignore import EXCLUDE_DIRECTORY, REPOSITORY, Scope, TooManyRulesError
from agent_brain_server.indexing.walking.place import (
    DEEPEST,
    Accepts,
    FolderLeftOutError,
    FolderMissingError,
    FolderProblem,
    Place,
    accept_none,
    oversized_rules,
)
from agent_brain_server.indexing.walking.real_paths import is_directory, is_gone

PROBLEMS_NAMED = 20
# Reasons that are named file by file: what the ignore files leave out is too much, and they say it themselves.
NAMED = frozenset({"secret", "binary", "too_large", "too_deep", "unreadable", "ignore_rules", "link", "not_a_file"})
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """The largest files taken, in bytes: longer text is data or generated; in documents most bytes are pictures."""

    max_file_bytes: int = 1_000_000
    max_document_bytes: int = 20_000_000

    def of(self, path: str) -> int:
        """The largest size for a file of this name."""
        return self.max_document_bytes if extension(path) in DOCUMENT_EXTENSIONS else self.max_file_bytes


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file to index. `path` is relative to the project's root with `/`, absolute outside of it; `folder` is the
    indexed folder's path as it was given."""

    path: str
    absolute: str
    folder: str
    size: int
    mtime_ns: int


class LeftOut(NamedTuple):
    """A file, or with a `/` at its end a directory, that the walk leaves out, and why; `detail` says more."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WalkResult:
    """The files in order of their paths, and what was left out.

    `skipped` counts by reason: ignored, filtered, secret, binary, too_large, too_deep, unreadable, ignore_rules, link,
    not_a_file; a directory that is not entered counts once. `left_out` names those of `NAMED`, with their reason.
    `problems` are sentences for people, at most `PROBLEMS_NAMED` and one. `unknown` are the paths of files and
    directories that the system did not show: whether they, or what is in them, still exist cannot be said.
    `oversized` says of each directory with too many ignore rules what to do.
    """

    files: tuple[FileEntry, ...]
    skipped: dict[str, int]
    problems: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    unknown: frozenset[str] = frozenset()
    oversized: tuple[FolderProblem, ...] = ()


Enter: TypeAlias = Callable[[str], object]


def _pass(directory: str) -> None:
    pass


@dataclass(slots=True)
class _Found:
    enter: Enter
    files: list[FileEntry] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    oversized: list[FolderProblem] = field(default_factory=list)

    def not_shown(self, path: str, error: OSError, *, directory: bool) -> None:
        """Name what the system does not show. What is gone is no problem."""
        if is_gone(error):
            return
        self.unknown.add(path)
        reason = error.strerror or type(error).__name__
        self.leave_out(path, "unreadable", reason, directory=directory)
        self.problems.append(f"{path} cannot be read ({reason}); what the index holds of it is kept.")

    def leave_out(self, path: str, reason: str, detail: str = "", *, directory: bool) -> None:
        """Count it, and name it if its reason is one of `NAMED`."""
        self.skipped[reason] += 1
        if reason in NAMED:
            self.left_out.append(LeftOut(f"{path}/" if directory else path, reason, detail))

    def leave_out_oversized(self, path: str, error: TooManyRulesError) -> None:
        """Name a directory with too many ignore rules."""
        self.leave_out(path, "ignore_rules", str(error), directory=True)
        what = "the project" if path == "." else f"{path}/"
        problem = oversized_rules(error, f"nothing in {what} is indexed")
        self.oversized.append(problem)
        self.problems.append(str(problem))

    def result(self) -> WalkResult:
        self.files.sort(key=attrgetter("path"))
        named = self.problems[:PROBLEMS_NAMED]
        if more := len(self.problems) - len(named):
            named.append(f"There are {more} more problems like these.")
        return WalkResult(
            tuple(self.files),
            dict(self.skipped),
            tuple(named),
            tuple(self.left_out),
            frozenset(self.unknown),
            tuple(self.oversized),
        )


class FileTree:
    """The indexed folders of a project, ready to be asked many times.

    `root` is the project's real path. A folder that cannot be read, or lies elsewhere and is not one that `accepts`
    names, is a problem, not an error; one that becomes a link later is left out from then on. `own` are absolute paths
    of the index's own files. Ignore files in the folders are read anew by every call, those above them once.
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
        self._places: dict[str, Place] = {}
        for folder in folders:
            self._add(folder, accepts, own)

    @property
    def tops(self) -> tuple[str, ...]:
        """Where the folders really lie: absolute paths of directories."""
        return tuple(self._places)

    @property
    def folders(self) -> dict[str, str]:
        """Where each folder really lies, by its path as it was given."""
        return {place.folder.path: top for top, place in self._places.items()}

    def _add(self, folder: Folder, accepts: Accepts, own: frozenset[str]) -> None:
        try:
            place = Place.of(folder, self.root, accepts, own)
        except FolderLeftOutError as error:
            self.problems.append(error.problem)
            if isinstance(error, FolderMissingError):
                self.missing.append(folder.path)
        else:
            self._places.setdefault(place.top, place)

    def name(self, absolute: str) -> str:
        """How an absolute path is written in the index."""
        if absolute == self.root:
            return "."
        return absolute[len(self.root) + 1 :] if absolute.startswith(f"{self.root}/") else absolute

    def absolute(self, path: str) -> str:
        """The absolute path of a path as it is written in the index."""
        return os.path.normpath(os.path.join(self.root, path)).replace(os.sep, "/")

    def walk(self, enter: Enter = _pass) -> WalkResult:
        """All files that are to be indexed. `enter` is told each directory before it is listed, or its rules read."""
        found = _Found(enter, problems=list(map(str, self.problems)))
        for place in self._places.values():
            self._descend_from_top(place, found)
        return found.result()

    def walk_beneath(self, path: str, enter: Enter = _pass) -> WalkResult:
        """What `walk` finds at or beneath one path: for a job over single files and directories."""
        absolute = self.absolute(path)
        found = _Found(enter)
        if (error := _not_shown(absolute)) is not None:
            found.not_shown(self.name(absolute), error, directory=False)
            return found.result()
        for inner in self._places.values():
            if inner.top != absolute and inner.top.startswith(f"{absolute.rstrip('/')}/"):
                self._descend_from_top(inner, found)
        place = self._place_of(absolute)
        if place is not None and absolute == place.top:
            self._descend_from_top(place, found)
        elif place is not None and place.is_there() and is_directory(absolute):
            above = self._scope_around(place, absolute)
            if above is not None and not place.refuses_directory(above, absolute):
                self._descend(place, absolute, above, found)
        elif (entry := self.admits(path)) is not None:
            found.files.append(entry)
        return found.result()

    def admits(self, path: str) -> FileEntry | None:
        """What `walk` would say of one path, relative to the root or absolute: its entry, or None."""
        absolute = self.absolute(path)
        place = self._place_of(absolute)
        scope = self._scope_around(place, absolute) if place and absolute != place.top else None
        try:
            status = os.lstat(absolute)
        except (OSError, ValueError):
            return None
        if place is None or scope is None or not stat.S_ISREG(status.st_mode) or not place.is_there():
            return None
        if place.refuses_file(scope, absolute) or self._too_large(absolute, status.st_size):
            return None
        return FileEntry(self.name(absolute), absolute, place.folder.path, status.st_size, status.st_mtime_ns)

    def could_hold(self, path: str, *, directory: bool) -> bool:
        """Whether the rules would let a file (or directory) at `path` into the index, be it there or not."""
        absolute = self.absolute(path)
        place = self._place_of(absolute)
        if place is None or absolute == place.top:
            return place is not None and directory
        scope = self._scope_around(place, absolute, gone=True)
        if scope is None:
            return False
        refuses = place.refuses_directory if directory else place.refuses_file
        return not refuses(scope, absolute)

    def _place_of(self, absolute: str) -> Place | None:
        found = [place for top, place in self._places.items() if absolute == top or absolute.startswith(f"{top}/")]
        return max(found, key=lambda place: len(place.top), default=None)

    def _scope_around(self, place: Place, path: str, *, gone: bool = False) -> Scope | None:
        """The rules for the entry at `path` beneath the place; None if the walk does not come there.

        With `gone`, directories that no longer exist are judged by their names.
        """
        directory = place.top
        try:
            return self._scope_inside(place, directory, path, gone)
        except TooManyRulesError:
            return None

    def _scope_inside(self, place: Place, directory: str, path: str, gone: bool) -> Scope | None:
        scope = place.above.enter(directory)
        for name in path[len(place.top) :].split("/")[1:-1]:
            directory = f"{directory}/{name}"
            passable = is_directory(directory) or (gone and not os.path.lexists(directory))
            if not passable or place.refuses_directory(scope, directory) or is_marked(directory):
                return None
            scope = scope.enter(directory)
        return scope

    def _descend_from_top(self, place: Place, found: _Found) -> None:
        if place.is_there():
            self._descend(place, place.top, place.above, found)
        else:
            found.problems.append(f"The folder {place.folder.path} has been replaced by a link; it is left out.")

    def _descend(self, place: Place, directory: str, above: Scope, found: _Found) -> None:
        """Finds what is in a directory and beneath it; `above` are the rules from outside of it."""
        pending = [(directory, above)]
        while pending:
            directory, above = pending.pop()
            entered = self._enter(place, directory, above, found)
            if entered is None:
                continue
            entries, scope = entered
            pending += [(below, scope) for below in self._judge(place, scope, directory, entries, found)]

    def _judge(
        self, place: Place, scope: Scope, directory: str, entries: Mapping[str, os.DirEntry[str]], found: _Found
    ) -> Iterator[str]:
        """Take the files among the entries of a directory; yield the directories to enter."""
        prefix = "" if directory == self.root else f"{self.name(directory)}/"
        for name, entry in entries.items():
            path = f"{directory}/{name}"
            if path in self._places:
                continue
            try:
                is_entered = entry.is_dir(follow_symlinks=False)
                if is_entered:
                    reason = place.refuses_directory(scope, path)
                else:
                    reason = self._take(place, scope, entry, path, prefix, found)
            except OSError as error:
                found.not_shown(f"{prefix}{name}", error, directory=False)
                continue
            if reason:
                detail = self._detail(reason, path, entry) if reason in NAMED else ""
                found.leave_out(f"{prefix}{name}", reason, detail, directory=is_entered)
            elif is_entered:
                yield path

    def _enter(
        self, place: Place, directory: str, above: Scope, found: _Found
    ) -> tuple[dict[str, os.DirEntry[str]], Scope] | None:
        """A directory's entries and the rules for them; None, and why, where it is left out."""
        found.enter(directory)
        try:
            with os.scandir(directory) as listing:
                entries = {entry.name: entry for entry in listing}
            if directory != place.top and not MARKERS.isdisjoint(entries):
                found.skipped["ignored"] += 1
                return None
            if REPOSITORY in entries:
                found.enter(f"{directory}/{EXCLUDE_DIRECTORY}")
            return entries, above.enter(directory, entries)
        except OSError as error:
            if directory == place.top and is_gone(error):  # as for a folder that is not there when the walk begins
                found.unknown.add(self.name(directory))
            found.not_shown(self.name(directory), error, directory=True)
        except TooManyRulesError as error:
            found.leave_out_oversized(self.name(directory), error)
        return None

    def _take(self, place: Place, scope: Scope, entry: os.DirEntry[str], path: str, prefix: str, found: _Found) -> str:
        """Take a file, or say why not. Raise OSError where the system does not show it."""
        reason = place.refuses_file(scope, path)
        if reason in ("ignored", "filtered"):
            return reason
        if entry.is_symlink():
            return "link"
        if not entry.is_file(follow_symlinks=False):
            return "not_a_file"
        if reason:
            return reason
        status = entry.stat(follow_symlinks=False)
        if self._too_large(path, status.st_size):
            return "too_large"
        found.files.append(FileEntry(prefix + entry.name, path, place.folder.path, status.st_size, status.st_mtime_ns))
        return ""

    def _too_large(self, path: str, size: int) -> bool:
        return size > self.limits.of(path)

    def _detail(self, reason: str, path: str, entry: os.DirEntry[str]) -> str:
        """What more is to be said of an entry that is left out for this reason."""
        if reason == "too_large":
            size, limit = entry.stat(follow_symlinks=False).st_size, self.limits.of(path)
            setting = "" if extension(path) in DOCUMENT_EXTENSIONS else ": raise index.max_file_bytes"
            return f"{size:,} bytes; at most {limit:,} are read{setting}"
        if reason == "not_a_file":
            mode = entry.stat(follow_symlinks=False).st_mode
            return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "")
        return f"more than {DEEPEST} directories inside each other" if reason == "too_deep" else ""


def _not_shown(absolute: str) -> OSError | None:
    """Why the system does not show what is at the path; None where it does, or where nothing is."""
    try:
        os.lstat(absolute)
    except OSError as error:
        return None if is_gone(error) else error
    except ValueError:
        return None
    return None
