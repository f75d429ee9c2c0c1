"""The PostgreSQL backend: many projects in one database, many processes on one project, one of them writing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from agent_brain_server.domain.content import (
    Chunk,
    ChunkPlace,
    EmbeddingModel,
    FileRecord,
    FloatArray,
    Folder,
    IndexedFile,
    IndexStatistics,
)
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.jobs import LEASE_SECONDS, Job, JobState, Progress
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.errors import StorageError, WriterElsewhereError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres import folders, graph, index, jobs, lease, nearest, search
from agent_brain_server.storage.postgres.connection import QUEUE_SECONDS, Database, single_session
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.lease import new_writer
from agent_brain_server.storage.postgres.schema import prepare_schema
from agent_brain_server.storage.postgres.session import Row, Session, Statements
from agent_brain_server.storage.postgres.settle import settle
from agent_brain_server.storage.queries import load_queries

Result = TypeVar("Result")


class PostgresStore:
    """A `Store` for the project `project_id` in the database that `config` names."""

    def __init__(
        self,
        config: PostgresConfig,
        project_id: str,
        model: EmbeddingModel,
        tokenizer_version: str,
        *,
        discard: bool = False,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._config = config
        self._project_id = project_id
        self._model = model
        self._tokenizer_version = tokenizer_version
        self._discard = discard
        self._lease_seconds = lease_seconds
        self._statements = Statements(load_queries(__package__))
        self._paths = PathCache()
        self._database: Database | None = None
        self._writer = new_writer()
        self._writing = False  # whether the lease was held when it was last asked for

    async def open(self) -> None:
        """See `Store.open`."""
        if self._database is not None:
            return
        database = Database(self._config, self._statements, self._project_id)
        await database.prepare(
            lambda session: prepare_schema(session, self._config, self._model, self._tokenizer_version, self._discard)
        )
        self._database, self._discard = database, False

    async def close(self) -> None:
        """See `Store.close`."""
        if self._database is None:
            return
        try:
            await self.release_writing()
        except StorageError:
            pass  # the lease ends by itself
        finally:
            database, self._database = self._database, None
            await database.close()

    def describe(self) -> str:
        """See `Store.describe`."""
        return f"postgresql {where(self._config)}"

    async def database_health(self) -> DatabaseHealth | None:
        """See `Store.database_health`."""
        return await self._opened().health()

    def _opened(self) -> Database:
        if self._database is None:
            raise StorageError("The index is not open.")
        return self._database

    async def _read(self, work: Callable[[Session], Awaitable[Result]]) -> Result:
        return await self._opened().read(work)

    async def _write(self, work: Callable[[Session], Awaitable[Result]]) -> Result:
        """Run `work` in a short transaction that leaves the index alone."""
        return await self._opened().write(work, QUEUE_SECONDS)

    async def _change(self, work: Callable[[Session, Row], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction that changes the index, given the next row and file, if nobody else writes it."""

        async def change(session: Session) -> Result:
            if self._writing:
                begun = await session.first("begin_change_as_writer", writer=self._writer)
            else:
                begun = await session.first("begin_change")
            if begun is None:
                self._writing = False
                raise WriterElsewhereError(
                    "Another worker is indexing this project: wait until it is done, or cancel its job "
                    "(agent-brain jobs)."
                )
            return await work(session, begun)

        return await self._opened().write(change)

    @property
    def shared(self) -> bool:
        """See `WriteLease.shared`."""
        return True

    async def acquire_writing(self) -> bool:
        """See `WriteLease.acquire_writing`."""
        self._writing = await self._write(lambda session: lease.acquire(session, self._writer, self._lease_seconds))
        return self._writing

    async def renew_writing(self) -> bool:
        """See `WriteLease.renew_writing`."""
        self._writing = self._writing and await self._write(
            lambda session: lease.renew(session, self._writer, self._lease_seconds)
        )
        return self._writing

    async def release_writing(self) -> None:
        """See `WriteLease.release_writing`."""
        if self._writing:
            self._writing = False
            await self._write(lambda session: lease.release(session, self._writer))

    async def beside(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """See `SearchStore.beside`: its reads wait for the network, wherever they start."""
        return await work()

    async def search_lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        """See `SearchStore.search_lexical`."""
        return await self._read(lambda session: search.search_lexical(session, self._paths, terms, filters, limit))

    async def search_vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        """See `SearchStore.search_vector`."""
        if not self._model.dimensions or limit <= 0:
            return Hits()
        return await self._read(lambda session: nearest.search_vector(session, self._paths, vector, filters, limit))

    async def search_both(
        self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int
    ) -> tuple[Hits, Hits]:
        """See `SearchStore.search_both`: on two connections."""
        both = self.search_lexical(terms, filters, limit), self.search_vector(vector, filters, limit)
        lexical, nearest = await asyncio.gather(*both)
        return lexical, nearest

    async def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        """See `SearchStore.fetch_chunks`."""
        return await self._read(lambda session: search.fetch_chunks(session, rows))

    async def find_chunk(self, chunk_id: str) -> Chunk | None:
        """See `SearchStore.find_chunk`."""
        return await self._read(lambda session: search.find_chunk(session, chunk_id))

    async def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        """See `SearchStore.find_files`."""
        return await self._read(lambda session: search.find_files(session, paths))

    async def files_of(self, rows: Sequence[int]) -> dict[int, ChunkPlace]:
        """See `SearchStore.files_of`."""
        return await self._read(lambda session: search.files_of(session, rows))

    async def statistics(self) -> IndexStatistics:
        """See `SearchStore.statistics`; the bytes are those of all projects in the database."""
        (files, chunks, vectors, embedded, size), languages = await self._read(search.count_all)
        return IndexStatistics(files, chunks, vectors, size, embedded, languages)

    async def find_definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        """See `GraphStore.find_definitions`."""
        return await self._read(lambda session: graph.find_definitions(session, names))

    async def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        """See `GraphStore.definitions_in`."""
        return await self._read(lambda session: graph.definitions_in(session, paths, symbols))

    async def find_references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        """See `GraphStore.find_references`."""
        return await self._read(lambda session: graph.find_references(session, names, limit))

    async def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        """See `GraphStore.references_in`."""
        return await self._read(lambda session: graph.references_in(session, paths, kinds, within))

    async def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """See `GraphStore.rows_at`."""
        return await self._read(lambda session: graph.rows_at(session, places))

    async def list_files(self) -> dict[str, FileRecord]:
        """See `IndexStore.list_files`."""
        return await self._read(index.list_files)

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        """See `IndexStore.missing_vectors`."""
        return await self._read(lambda session: index.missing_vectors(session, text_hashes))

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        """See `IndexStore.upsert_chunks`."""
        size = self._model.dimensions
        return await self._change(
            lambda session, begun: index.upsert_chunks(session, files, vectors, size, *begun, rewrite=rewrite)
        )

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        """See `IndexStore.refresh_files`."""
        await self._change(lambda session, _: index.refresh_files(session, records))

    async def remove_files(self, paths: Collection[str]) -> int:
        """See `IndexStore.remove_files`."""
        return await self._change(lambda session, _: index.remove_files(session, paths))

    async def drop_unused_vectors(self) -> int:
        """See `IndexStore.drop_unused_vectors`."""
        return await self._change(lambda session, _: index.drop_unused_vectors(session))

    async def reset(self) -> None:
        """See `IndexStore.reset`."""
        await self._change(lambda session, _: index.empty_content(session, vectors=True))

    async def settle(self) -> None:
        """See `IndexStore.settle`."""
        self._opened()
        with translated(self._config):
            async with single_session(self._config, self._statements, self._project_id) as session:
                await settle(session, self._config, self._model.dimensions)

    async def list_folders(self) -> list[Folder]:
        """See `FolderStore.list_folders`."""
        return await self._read(folders.list_folders)

    async def save_folder(self, folder: Folder) -> None:
        """See `FolderStore.save_folder`."""
        await self._write(lambda session: folders.save_folder(session, folder))

    async def remove_folder(self, path: str, heir: str | None = None) -> bool:
        """See `FolderStore.remove_folder`."""
        return await self._change(lambda session, _: index.remove_folder(session, path, heir))

    async def count_folders(self) -> dict[str, tuple[int, int]]:
        """See `FolderStore.count_folders`."""
        return await self._read(folders.count_folders)

    async def add_job(self, paths: Sequence[str], force: bool, now: float) -> Job:
        """See `JobStore.add_job`."""
        return await self._write(lambda session: jobs.add_job(session, paths, force, now))

    async def claim_job(self, now: float) -> Job | None:
        """See `JobStore.claim_job`."""
        return await self._write(lambda session: jobs.claim_job(session, now))

    async def save_progress(self, job_id: int, progress: Progress, *, attempt: int | None = None) -> bool:
        """See `JobStore.save_progress`."""
        return await self._write(lambda session: jobs.save_progress(session, job_id, progress, attempt))

    async def finish_job(
        self, job_id: int, state: JobState, error: str, progress: Progress, now: float, *, attempt: int | None = None
    ) -> None:
        """See `JobStore.finish_job`."""
        await self._write(lambda session: jobs.finish_job(session, job_id, state, error, progress, now, attempt))

    async def requeue_running(self) -> int:
        """See `JobStore.requeue_running`."""
        return await self._write(jobs.requeue_running)

    async def find_job(self, job_id: int) -> Job | None:
        """See `JobStore.find_job`."""
        return await self._read(lambda session: jobs.find_job(session, job_id))

    async def list_unfinished(self) -> list[Job]:
        """See `JobStore.list_unfinished`."""
        return await self._read(jobs.list_unfinished)

    async def list_jobs(self, before: int | None, limit: int) -> list[Job]:
        """See `JobStore.list_jobs`."""
        return await self._read(lambda session: jobs.list_jobs(session, before, limit))
