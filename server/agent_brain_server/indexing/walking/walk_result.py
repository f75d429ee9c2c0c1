"""What a walk returns: the files to index, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from agent_brain_server.indexing.walking.exclusions import DOCUMENT_EXTENSIONS, extension
from agent_brain_server.indexing.walking.ignore import TooManyRulesError
from agent_brain_server.indexing.walking.index_root import FolderProblem, oversized_rules
from agent_brain_server.indexing.walking.real_paths import is_gone

PROBLEMS_NAMED = 20
# Reasons that are named file by file: what the ignore files leave out is too much, and they say it themselves.
NAMED = frozenset({"secret", "binary", "too_large", "too_deep", "unreadable", "ignore_rules", "link", "not_a_file"})

Enter: TypeAlias = Callable[[str], object]
"""Called with each directory before it is listed, or its rules are read."""


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """The largest files taken, in bytes: longer text is data or generated; in documents most bytes are pictures."""

    max_file_bytes: int = 1_000_000
    max_document_bytes: int = 20_000_000

    def of(self, path: str) -> int:
        """Return the largest size, in bytes, for a file of this name."""
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


@dataclass(slots=True)
class WalkCollector:
    """The result of a walk that is not over yet."""

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
        """Return what was collected, the files in order."""
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
