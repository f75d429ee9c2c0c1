"""What a job has to do: the files found on disk against the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agent_brain_server.domain.content import FileRecord
from agent_brain_server.indexing.walking.walk_result import FileEntry

# A file saved within this time of its reading may have been saved again in the same clock tick, so its hash decides.
CLOCK_TICK_SECONDS = 2.0
BATCH_FILES = 64
BATCH_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Changes:
    """The work of a job: files that are new or may have changed, and paths of the manifest that are no longer there."""

    to_read: tuple[FileEntry, ...]
    removed: tuple[str, ...]
    unchanged: int


def compare(
    found: Iterable[FileEntry], manifest: Mapping[str, FileRecord], force: bool, unknown: AbstractSet[str] = frozenset()
) -> Changes:
    """Sort `found` into what must be read and what need not; all else in the manifest is gone.

    What lies at or beneath one of `unknown` is kept: it is not known whether it is gone.
    """
    to_read: list[FileEntry] = []
    paths: set[str] = set()
    for entry in found:
        paths.add(entry.path)
        record = manifest.get(entry.path)
        if force or record is None or _may_differ(entry, record):
            to_read.append(entry)
    removed = tuple(path for path in manifest if path not in paths and not _lies_in(path, unknown))
    return Changes(tuple(to_read), removed, len(paths) - len(to_read))


def _lies_in(path: str, places: AbstractSet[str]) -> bool:
    """Return whether the path, or a directory above it, is one of the places."""
    if not places:
        return False
    if path in places or ("." in places and not path.startswith("/")):
        return True
    ends = (at for at, character in enumerate(path) if character == "/")
    return any(path[: at or 1] in places for at in ends)


def _may_differ(entry: FileEntry, record: FileRecord) -> bool:
    same = (entry.size, entry.mtime_ns, entry.folder) == (record.size, record.mtime_ns, record.folder)
    return not same or saved_while_read(record)


def saved_while_read(record: FileRecord) -> bool:
    """Return whether the file may have been saved once more within the clock tick in which it was read."""
    return record.mtime_ns / 1e9 > record.indexed_at - CLOCK_TICK_SECONDS


def in_batches(entries: Sequence[FileEntry]) -> Iterator[tuple[FileEntry, ...]]:
    """Yield runs of entries bounded in number and bytes; a larger file is a batch of its own."""
    batch: list[FileEntry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) >= BATCH_FILES or size + entry.size > BATCH_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield tuple(batch)


def within(path: str, directory: str) -> bool:
    """Return whether `path` is `directory` or lies below it; `.` holds every relative path."""
    if directory == ".":
        return not path.startswith("/")
    return path == directory or path.startswith(directory.rstrip("/") + "/")
