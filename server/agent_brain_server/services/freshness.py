"""Whether what the index says of a file is still so."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path

from agent_brain_server.domain.content import FileRecord, hash_bytes
from agent_brain_server.indexing.changes import saved_while_read
from agent_brain_server.storage.protocol import SearchStore


class Freshness:
    """Compares files with their manifest rows: size and time first, the content only where these differ."""

    def __init__(self, store: SearchStore, root: Path) -> None:
        self._store = store
        self._root = root

    async def stale_paths(self, paths: Collection[str]) -> set[str]:
        """Those of `paths` whose file has changed, gone, or left the index since it was indexed."""
        records = await self._store.find_files(paths)
        return await asyncio.to_thread(self._compare, paths, records)

    def _compare(self, paths: Collection[str], records: Mapping[str, FileRecord]) -> set[str]:
        return {path for path in paths if path not in records or self._differs(records[path])}

    def _differs(self, record: FileRecord) -> bool:
        file = self._root / record.path
        try:
            status = file.stat()
            same = (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns)
            if same and not saved_while_read(record):
                return False
            return status.st_size != record.size or hash_bytes(file.read_bytes()) != record.content_hash
        except OSError:
            return True
