"""Whether what the index says of a file is still so."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.domain.content import FileRecord, hash_bytes
from agent_brain_server.indexing.changes import saved_while_read
from agent_brain_server.services.off_loop import off_loop


class Freshness:
    """Compares files with their manifest rows: size and time first, the content only where these differ."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def changed(self, records: Iterable[FileRecord]) -> set[str]:
        """The paths of those whose file has changed or gone since."""
        return await off_loop(self._compare, list(records))

    def _compare(self, records: Iterable[FileRecord]) -> set[str]:
        return {record.path for record in records if self._differs(record)}

    def _differs(self, record: FileRecord) -> bool:
        file = self._root / record.path
        try:
            status = file.stat()
            same = (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns)
            if same and not saved_while_read(record):
                return False
            if status.st_size != record.size:
                return True
            return hash_bytes(read_regular_file(file, record.size)) != record.content_hash
        except OSError:
            return True
