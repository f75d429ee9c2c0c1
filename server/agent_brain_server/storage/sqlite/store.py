"""The embedded backend: one SQLite file, and beside it a matrix of the vectors that can be made again from it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from agent_brain_server.domain.content import (
    Chunk,
    EmbeddingModel,
    FileRecord,
    FloatArray,
    Folder,
    IndexedFile,
    IndexStatistics,
)
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import Job, JobState, Progress
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.sqlite import folders, index, jobs, search
from agent_brain_server.storage.sqlite.connection import Connections, create_file
from agent_brain_server.storage.sqlite.failures import translated
from agent_brain_server.storage.sqlite.index import Change
from agent_brain_server.storage.sqlite.ledger import refuse_unfinished
from agent_brain_server.storage.sqlite.matrix_header import drop_stale_cache
from agent_brain_server.storage.sqlite.schema import check_sqlite, prepare_schema
from agent_brain_server.storage.sqlite.session import Session

if TYPE_CHECKING:
    from agent_brain_server.storage.sqlite.vectors import MatrixView, VectorMatrix

Result = TypeVar("Result")

VECTOR_PATH = "exact"


class SqliteStore:
    """A `Store` in the file `path`. All blocking work is done in threads of its own, never on the event loop."""

    def __init__(self, path: Path, model: EmbeddingModel, tokenizer_version: str, *, discard: bool = False) -> None:
        self._path = path
        self._cache_path = path.with_suffix(".vectors" if path.suffix != ".vectors" else ".vectors.cache")
        self._model = model
        self._tokenizer_version = tokenizer_version
        self._discard = discard
        self._instance = ""
        self._connections: Connections | None = None
        self._frequencies = search.TermFrequencies()
        # Held from a commit until the matrix has followed it, and while a search takes its view of both.
        self._matrix_lock = Lock()
        self._matrix: VectorMatrix | None = None

    async def open(self) -> None:
        """See `Store.open`."""
        if self._connections is not None:
            return
        check_sqlite()
        with translated(self._path):
            create_file(self._path)
        connections = Connections(self._path)
        try:
            await connections.write(self._prepare)
        except BaseException:
            connections.close()
            raise
        self._connections = connections

    def _prepare(self, session: Session) -> None:
        refuse_unfinished(session, self._path, self._discard)
        identity = prepare_schema(session, self._path, self._model, self._tokenizer_version, self._discard)
        self._instance = identity.instance
        drop_stale_cache(self._cache_path, identity.instance, identity.generation)

    async def close(self) -> None:
        """See `Store.close`."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await asyncio.to_thread(self._close, connections)

    def _close(self, connections: Connections) -> None:
        connections.close()
        matrix, self._matrix = self._matrix, None
        if matrix is None:
            return
        try:
            matrix.save()
        except OSError:
            matrix.discard()

    def describe(self) -> str:
        """See `Store.describe`."""
        return f"sqlite {self._path}"

    async def database_health(self) -> DatabaseHealth | None:
        """See `Store.database_health`: there is no server."""
        return None

    @property
    def shared(self) -> bool:
        """See `WriteLease.shared`: a project's one server keeps all others off its file."""
        return False

    async def acquire_writing(self) -> bool:
        """See `WriteLease.acquire_writing`."""
        return True

    async def renew_writing(self) -> bool:
        """See `WriteLease.renew_writing`."""
        return True

    async def release_writing(self) -> None:
        """See `WriteLease.release_writing`."""

    def _opened(self) -> Connections:
        if self._connections is None:
            raise StorageError("The index is not open.")
        return self._connections

    async def _read(self, work: Callable[[Session], Result]) -> Result:
        return await self._opened().read(work)

    async def _write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction that leaves the chunks alone."""

        def call(session: Session) -> Result:
            with session.transaction(write=True):
                return work(session)

        return await self._opened().write(call)

    async def _change(self, work: Callable[[Session], Change]) -> Change:
        """Run `work` in a transaction, and let the matrix follow what it did to the chunks."""
        connections = self._opened()

        def call(session: Session) -> Change:
            change = self._commit_change(session, work)
            connections.keep_log_short(session)
            return change

        return await connections.write(call)

    def _commit_change(self, session: Session, work: Callable[[Session], Change]) -> Change:
        session.begin(write=True)
        try:
            change = work(session)
            with self._matrix_lock:
                session.commit()
                self._follow(session, change)
        except BaseException:
            session.roll_back()
            raise
        return change

    def _follow(self, session: Session, change: Change) -> None:
        if self._matrix is None:
            return
        try:
            self._matrix.follow(session, change.removed, session.one("find_generation")[0])
        except (OSError, sqlite3.Error):
            # The change is committed and stays; the matrix is made again by the next search that needs it.
            self._matrix.discard()
            self._matrix = None

    async def search_lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        """See `SearchStore.search_lexical`."""
        return await self._read(
            lambda session: search.search_lexical(session, self._frequencies, terms, filters, limit)
        )

    async def search_vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        """See `SearchStore.search_vector`."""
        if not self._model.dimensions:
            return Hits()
        return await self._read(lambda session: self._search_vector(session, vector, filters, limit))

    def _search_vector(self, session: Session, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        try:
            with self._matrix_lock:
                session.begin()
                view = self._view(session)
            seen = search.look_first(session, filters, limit, lambda most: view.nearest(vector, most, None))
            if seen is not None:
                return Hits(seen, VECTOR_PATH)
            allowed = search.allowed_rows(session, filters) if filters else None
        finally:
            session.roll_back()
        return Hits(view.nearest(vector, limit, allowed), VECTOR_PATH)

    def _view(self, session: Session) -> MatrixView:
        # numpy takes longer to import than the rest of the server needs to start: hence only here.
        from agent_brain_server.storage.sqlite.vectors import VectorMatrix

        (generation,) = session.one("find_generation")
        if self._matrix is None:
            self._matrix = VectorMatrix(self._cache_path, self._model.dimensions, self._instance)
        try:
            return self._matrix.view(session, generation)
        except (OSError, sqlite3.Error):
            self._matrix.discard()
            self._matrix = None
            raise

    async def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        """See `SearchStore.fetch_chunks`."""
        return await self._read(lambda session: search.fetch_chunks(session, rows))

    async def find_chunk(self, chunk_id: str) -> Chunk | None:
        """See `SearchStore.find_chunk`."""
        return await self._read(lambda session: search.find_chunk(session, chunk_id))

    async def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        """See `SearchStore.find_files`."""
        return await self._read(lambda session: search.find_files(session, paths))

    async def statistics(self) -> IndexStatistics:
        """See `SearchStore.statistics`."""
        return await self._read(self._count)

    def _count(self, session: Session) -> IndexStatistics:
        (files, chunks, vectors, embedded), languages = search.count_all(session)
        log = self._path.with_name(self._path.name + "-wal")
        size = sum(_size(path) for path in (self._path, log, self._cache_path))
        return IndexStatistics(files, chunks, vectors, size, embedded, languages)

    async def list_files(self) -> dict[str, FileRecord]:
        """See `IndexStore.list_files`."""
        return await self._read(index.list_files)

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        """See `IndexStore.missing_vectors`."""
        return await self._read(lambda session: index.missing_vectors(session, text_hashes))

    async def upsert_chunks(self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray]) -> None:
        """See `IndexStore.upsert_chunks`."""
        await self._change(lambda session: index.upsert_chunks(session, files, vectors, self._model.dimensions))

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        """See `IndexStore.refresh_files`."""
        await self._write(lambda session: index.refresh_files(session, records))

    async def remove_files(self, paths: Collection[str]) -> int:
        """See `IndexStore.remove_files`."""
        return (await self._change(lambda session: index.remove_files(session, paths))).count

    async def drop_unused_vectors(self) -> int:
        """See `IndexStore.drop_unused_vectors`."""
        return await self._write(index.drop_unused_vectors)

    async def reset(self) -> None:
        """See `IndexStore.reset`."""
        await self._change(index.reset)

    async def settle(self) -> None:
        """See `IndexStore.settle`: nothing is ever put off."""

    async def list_folders(self) -> list[Folder]:
        """See `FolderStore.list_folders`."""
        return await self._read(folders.list_folders)

    async def save_folder(self, folder: Folder) -> None:
        """See `FolderStore.save_folder`."""
        await self._write(lambda session: folders.save_folder(session, folder))

    async def remove_folder(self, path: str) -> bool:
        """See `FolderStore.remove_folder`."""
        return bool((await self._change(lambda session: index.remove_folder(session, path))).count)

    async def add_job(self, paths: Sequence[str], force: bool, now: float) -> Job:
        """See `JobStore.add_job`."""
        return await self._write(lambda session: jobs.add_job(session, paths, force, now))

    async def claim_job(self, now: float) -> Job | None:
        """See `JobStore.claim_job`."""
        return await self._write(lambda session: jobs.claim_job(session, now))

    async def save_progress(self, job_id: int, progress: Progress) -> bool:
        """See `JobStore.save_progress`."""
        return await self._write(lambda session: jobs.save_progress(session, job_id, progress))

    async def finish_job(self, job_id: int, state: JobState, error: str, progress: Progress, now: float) -> None:
        """See `JobStore.finish_job`."""
        await self._write(lambda session: jobs.finish_job(session, job_id, state, error, progress, now))

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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
