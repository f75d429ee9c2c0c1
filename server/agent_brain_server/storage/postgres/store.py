"""The PostgreSQL backend: many projects in one database, many processes on one project, one of them writing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, Folder, IndexedFile
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import LEASE_SECONDS, Job, JobState, Progress
from agent_brain_server.errors import StorageError, WriterElsewhereError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres import folders, index, jobs, lease
from agent_brain_server.storage.postgres.alone import single_session
from agent_brain_server.storage.postgres.connection import QUEUE_SECONDS, Database
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.lease import new_writer
from agent_brain_server.storage.postgres.schema import prepare_schema
from agent_brain_server.storage.postgres.session import Row, Session, Statements
from agent_brain_server.storage.postgres.settle import settle
from agent_brain_server.storage.postgres.view import PostgresView
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.view import View

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

    async def _write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a short transaction that leaves the index alone."""
        return await self._opened().write(work, QUEUE_SECONDS)

    async def _change(self, work: Callable[[Session, Row], Result]) -> Result:
        """Run `work` in a transaction that changes the index, given the next row and file, if nobody else writes it."""

        def change(session: Session) -> Result:
            if self._writing:
                begun = session.first("begin_change_as_writer", writer=self._writer)
            else:
                begun = session.first("begin_change")
            if begun is None:
                self._writing = False
                raise WriterElsewhereError(
                    "Another worker is indexing this project: wait until it is done, or cancel its job "
                    "(agent-brain jobs)."
                )
            return work(session, begun)

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

    async def read(self, work: Callable[[View], Result]) -> Result:
        """See `ReadStore.read`."""
        return await self._opened().read(lambda session: work(PostgresView(session, self._paths)))

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        """See `IndexStore.missing_vectors`."""
        return await self._opened().read(lambda session: index.missing_vectors(session, text_hashes))

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
            async with single_session(self._config, self._statements, self._project_id) as alone:
                await alone.run(lambda session: settle(session, self._config, self._model.dimensions))

    async def list_folders(self) -> list[Folder]:
        """See `FolderStore.list_folders`."""
        return await self._opened().read(folders.list_folders)

    async def save_folder(self, folder: Folder) -> None:
        """See `FolderStore.save_folder`."""
        await self._write(lambda session: folders.save_folder(session, folder))

    async def remove_folder(self, path: str, heir: str | None = None) -> bool:
        """See `FolderStore.remove_folder`."""
        return await self._change(lambda session, _: index.remove_folder(session, path, heir))

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
