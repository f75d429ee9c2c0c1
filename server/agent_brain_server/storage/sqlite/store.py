"""The embedded backend: one SQLite file, and beside it a matrix of the vectors that can be made again from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, Folder, IndexedFile
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import Job, JobState, Progress
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.sqlite import folders, index, jobs, search
from agent_brain_server.storage.sqlite.connection import Connections, create_file, require_file, require_files
from agent_brain_server.storage.sqlite.failures import refuse_foreign_file, translated
from agent_brain_server.storage.sqlite.index import Change
from agent_brain_server.storage.sqlite.matrix_header import cache_path, drop_stale_cache
from agent_brain_server.storage.sqlite.nearest import Nearest
from agent_brain_server.storage.sqlite.rebuilding import begin_again
from agent_brain_server.storage.sqlite.schema import check_sqlite, prepare_schema
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.sqlite.view import Shared, SqliteView
from agent_brain_server.storage.view import View

Result = TypeVar("Result")


class SqliteStore:
    """A `Store` in the file `path`. All blocking work is done in threads of its own, never on the event loop.

    With a `root`, a file of another program is refused outside the state directory of that project.
    """

    def __init__(
        self,
        path: Path,
        model: EmbeddingModel,
        tokenizer_version: str,
        *,
        discard: bool = False,
        root: Path | None = None,
    ) -> None:
        self._path = path
        self._root = root
        self._cache_path = cache_path(path)
        self._model = model
        self._tokenizer_version = tokenizer_version
        self._discard = discard
        self._connections: Connections | None = None
        self._frequencies = search.TermFrequencies()
        self._nearest = Nearest(self._cache_path, model.dimensions, "")

    async def open(self) -> None:
        """See `Store.open`."""
        if self._connections is not None:
            return
        check_sqlite()
        with translated(self._path):
            require_files(self._path)
            require_file(self._cache_path)
            if self._root is not None:
                refuse_foreign_file(self._root, self._path)
            await self._begin_again()
            identity = create_file(self._path)
        connections = Connections(self._path, identity)
        try:
            await connections.write(self._prepare)
        except BaseException:
            connections.close()
            raise
        self._connections = connections

    async def _begin_again(self) -> None:
        if self._discard:
            await asyncio.to_thread(begin_again, self._path, self._model, self._tokenizer_version)
            self._discard = False

    def _prepare(self, session: Session) -> None:
        identity = prepare_schema(session, self._path, self._model, self._tokenizer_version)
        drop_stale_cache(self._cache_path, identity.instance, identity.generation)
        self._nearest = Nearest(self._cache_path, self._model.dimensions, identity.instance)

    async def close(self) -> None:
        """See `Store.close`."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await asyncio.to_thread(self._close, connections)

    def _close(self, connections: Connections) -> None:
        in_place = connections.is_in_place()
        connections.close()
        self._nearest.close(keep=in_place)

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
            change = self._nearest.commit(session, work)
            connections.keep_log_short(session)
            return change

        return await connections.write(call)

    async def read(self, work: Callable[[View], Result]) -> Result:
        """See `ReadStore.read`."""
        shared = self._shared()
        return await self._opened().read(lambda session: work(SqliteView(session, shared)))

    def _shared(self) -> Shared:
        return Shared(self._frequencies, self._nearest, self._measure)

    def _measure(self) -> int:
        log = self._path.with_name(self._path.name + "-wal")
        return sum(_size(path) for path in (self._path, log, self._cache_path))

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        """See `IndexStore.missing_vectors`."""
        return await self._opened().read(lambda session: index.missing_vectors(session, text_hashes))

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        """See `IndexStore.upsert_chunks`."""
        size = self._model.dimensions
        work = partial(index.upsert_chunks, files=files, vectors=vectors, dimensions=size, rewrite=rewrite)
        return (await self._change(work)).count

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
        """See `IndexStore.settle`: only the log is emptied, which holds what files said before they changed."""
        connections = self._opened()
        await connections.write(connections.empty_log)

    async def list_folders(self) -> list[Folder]:
        """See `FolderStore.list_folders`."""
        return await self._opened().read(folders.list_folders)

    async def save_folder(self, folder: Folder) -> None:
        """See `FolderStore.save_folder`."""
        await self._write(lambda session: folders.save_folder(session, folder))

    async def remove_folder(self, path: str, heir: str | None = None) -> bool:
        """See `FolderStore.remove_folder`."""
        return bool((await self._change(lambda session: index.remove_folder(session, path, heir))).count)

    async def count_folders(self) -> dict[str, tuple[int, int]]:
        """See `FolderStore.count_folders`."""
        return await self._opened().read(folders.count_folders)

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
        return await self._opened().read(lambda session: jobs.find_job(session, job_id))

    async def list_unfinished(self) -> list[Job]:
        """See `JobStore.list_unfinished`."""
        return await self._opened().read(jobs.list_unfinished)

    async def list_jobs(self, before: int | None, limit: int) -> list[Job]:
        """See `JobStore.list_jobs`."""
        return await self._opened().read(lambda session: jobs.list_jobs(session, before, limit))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
