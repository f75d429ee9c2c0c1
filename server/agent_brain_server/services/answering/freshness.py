"""Whether what the index says of a file is still so."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.domain.content import FileRecord, hash_bytes
from agent_brain_server.indexing.walking.changes import saved_while_read
from agent_brain_server.indexing.walking.emptied import holds_no_file
from agent_brain_server.indexing.walking.real_paths import RealDirectories, is_gone

Sight: TypeAlias = tuple[object, ...] | None
"""What the index has of a file and what is there instead; None where no job can fix that: its folder is missing."""
Changed: TypeAlias = Mapping[str, Sight]
"""Files that differ from the index, by path."""


class Freshness:
    """Compares files with their manifest rows: size and time first, the content only where these differ.

    Their paths are relative to `root`. What is reached through a link is another file than the one that was indexed.
    The methods ask the file system, so they are called in a thread.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def gone(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those of the paths where the system says that nothing is."""
        return frozenset(path for path in paths if _is_nothing_at(self.root / path))

    def changed(self, records: Iterable[FileRecord]) -> dict[str, Sight]:
        """Return the paths of those whose file has changed or gone since."""
        real = RealDirectories()
        found: dict[str, Sight] = {}
        present: dict[str, bool] = {}
        for record in records:
            seen: Sight
            try:
                seen = self._seen(record, real)
            except OSError as error:
                seen = (error.errno,)
                if is_gone(error):
                    if record.folder not in present:
                        present[record.folder] = self._is_present(record.folder)
                    seen = seen if present[record.folder] else None
            if seen is None or seen:
                found[record.path] = (record.content_hash, record.indexed_at, *seen) if seen else None
        return found

    def _is_present(self, folder: str) -> bool:
        """Return whether the folder is there and holds a file: else its disk may not be mounted."""
        directory = self.root / folder
        return directory.is_dir() and not holds_no_file(str(directory))

    def _seen(self, record: FileRecord, real: RealDirectories) -> tuple[object, ...]:
        """Return what is there instead of the indexed file, empty if it is still the same. Raise OSError."""
        file = self.root / record.path
        status = file.lstat()
        seen = status.st_mode, status.st_size, status.st_mtime_ns
        if not stat.S_ISREG(status.st_mode) or str(file.parent) not in real:
            return seen
        if (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns) and not saved_while_read(record):
            return ()
        if status.st_size != record.size:
            return seen
        same = hash_bytes(read_regular_file(file, record.size)) == record.content_hash
        return () if same else seen


def _is_nothing_at(file: Path) -> bool:
    try:
        file.lstat()
    except OSError as error:
        return is_gone(error)
    return False
