"""The objects of a store that write the index, and the lease that lets them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, IndexedFile
from agent_brain_server.errors import WriterElsewhereError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import folders, index, lease
from agent_brain_server.storage.postgres.alone import single_session
from agent_brain_server.storage.postgres.failures import translated
from agent_brain_server.storage.postgres.lease import new_writer
from agent_brain_server.storage.postgres.optimize import optimize
from agent_brain_server.storage.postgres.session import Row, Session
from agent_brain_server.storage.postgres.transactions import DatabaseTransactions
from agent_brain_server.storage.stored import StoredFolders

Result = TypeVar("Result")


class PostgresLease:
    """A `WriteLease`."""

    shared = True

    def __init__(self, transactions: DatabaseTransactions, seconds: float) -> None:
        self._transactions = transactions
        self._seconds = seconds
        self._writer = new_writer()
        self._held = False  # when it was last asked for

    async def acquire(self) -> bool:
        self._held = await self._transactions.write(lambda session: lease.acquire(session, self._writer, self._seconds))
        return self._held

    async def renew(self) -> bool:
        self._held = self._held and await self._transactions.write(
            lambda session: lease.renew(session, self._writer, self._seconds)
        )
        return self._held

    async def release(self) -> None:
        if self._held:
            self._held = False
            await self._transactions.write(lambda session: lease.release(session, self._writer))

    async def change(self, work: Callable[[Session, Row], Result]) -> Result:
        """Run `work` in a transaction that changes the index, given the next row and file, if no other process does."""

        def change(session: Session) -> Result:
            if self._held:
                begun = session.first("begin_change_as_writer", writer=self._writer)
            else:
                begun = session.first("begin_change")
            if begun is None:
                self._held = False
                raise WriterElsewhereError(
                    "Another worker is indexing this project: wait until it is done, or cancel its job "
                    "(agent-brain jobs)."
                )
            return work(session, begun)

        return await self._transactions.opened.write(change)


class PostgresIndex:
    """An `IndexStore`."""

    def __init__(
        self, transactions: DatabaseTransactions, lease: PostgresLease, config: PostgresConfig, model: EmbeddingModel
    ) -> None:
        self._transactions = transactions
        self._lease = lease
        self._config = config
        self._model = model

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        return await self._transactions.read(lambda session: index.missing_vectors(session, text_hashes))

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        size = self._model.dimensions
        return await self._lease.change(
            lambda session, begun: index.upsert_chunks(session, files, vectors, size, *begun, rewrite=rewrite)
        )

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        await self._lease.change(lambda session, _: index.refresh_files(session, records))

    async def remove_files(self, paths: Collection[str]) -> int:
        return await self._lease.change(lambda session, _: index.remove_files(session, paths))

    async def drop_unused_vectors(self) -> int:
        return await self._lease.change(lambda session, _: index.drop_unused_vectors(session))

    async def reset(self) -> None:
        await self._lease.change(lambda session, _: index.empty_content(session, vectors=True))

    async def optimize(self) -> None:
        """Build the index over the vectors where it is worth it, on a connection of its own that has no bound."""
        database = self._transactions.opened
        with translated(self._config):
            async with single_session(self._config, database.statements, database.project_id) as alone:
                await alone.run(lambda session: optimize(session, self._config, self._model.dimensions))


class PostgresFolders(StoredFolders[Session]):
    """A `FolderStore`."""

    def __init__(self, transactions: DatabaseTransactions, lease: PostgresLease) -> None:
        super().__init__(transactions, folders)
        self._lease = lease

    async def remove(self, path: str, heir: str | None = None) -> bool:
        return await self._lease.change(lambda session, _: index.remove_folder(session, path, heir))
