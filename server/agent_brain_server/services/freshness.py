"""Whether what the index says of a file is still so."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.domain.content import FileRecord, hash_bytes
from agent_brain_server.indexing.changes import saved_while_read
from agent_brain_server.indexing.real_paths import RealDirectories
from agent_brain_server.services.off_loop import off_loop


class Freshness:
    """Compares files with their manifest rows: size and time first, the content only where these differ.

    What is reached through a link is another file than the one that was indexed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def changed(self, records: Iterable[FileRecord]) -> set[str]:
        """The paths of those whose file has changed or gone since."""
        return await off_loop(self._compare, list(records))

    def _compare(self, records: Iterable[FileRecord]) -> set[str]:
        real = RealDirectories()
        return {record.path for record in records if self._differs(record, real)}

    def _differs(self, record: FileRecord, real: RealDirectories) -> bool:
        file = self._root / record.path
        try:
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode) or str(file.parent) not in real:
                return True
            same = (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns)
            if same and not saved_while_read(record):
                return False
            if status.st_size != record.size:
                return True
            return hash_bytes(read_regular_file(file, record.size)) != record.content_hash
        except OSError:
            return True
