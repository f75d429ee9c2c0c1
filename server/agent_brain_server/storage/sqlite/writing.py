"""The objects of a store that write the chunks of its file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, IndexedFile
from agent_brain_server.storage.sqlite import folders, index
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.sqlite.transactions import FileTransactions
from agent_brain_server.storage.stored import StoredFolders


class SqliteIndex:
    """An `IndexStore`."""

    def __init__(self, transactions: FileTransactions, model: EmbeddingModel) -> None:
        self._transactions = transactions
        self._model = model

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        return await self._transactions.read(lambda session: index.missing_vectors(session, text_hashes))

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        size = self._model.dimensions
        work = partial(index.upsert_chunks, files=files, vectors=vectors, dimensions=size, rewrite=rewrite)
        return await self._transactions.change(work)

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        await self._transactions.write(lambda session: index.refresh_files(session, records))

    async def remove_files(self, paths: Collection[str]) -> int:
        return await self._transactions.change(lambda session: index.remove_files(session, paths))

    async def drop_unused_vectors(self) -> int:
        return await self._transactions.write(index.drop_unused_vectors)

    async def reset(self) -> None:
        await self._transactions.change(index.reset)

    async def optimize(self) -> None:
        """Empty the log, which holds what files said before they changed: no other work is ever put off."""
        connections, _ = self._transactions.opened
        await connections.write(connections.empty_log)


class SqliteFolders(StoredFolders[Session]):
    """A `FolderStore`."""

    def __init__(self, transactions: FileTransactions) -> None:
        super().__init__(transactions, folders)
        self._file = transactions

    async def remove(self, path: str, heir: str | None = None) -> bool:
        return bool(await self._file.change(lambda session: index.remove_folder(session, path, heir)))
