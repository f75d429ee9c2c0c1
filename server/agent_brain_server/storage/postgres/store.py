"""The PostgreSQL backend: many projects in one database, many processes on one project, one of them writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import LEASE_SECONDS
from agent_brain_server.errors import StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import jobs
from agent_brain_server.storage.postgres.connection import Database
from agent_brain_server.storage.postgres.failures import where
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.schema import prepare_schema
from agent_brain_server.storage.postgres.session import Statements
from agent_brain_server.storage.postgres.transactions import DatabaseTransactions
from agent_brain_server.storage.postgres.view import PostgresView
from agent_brain_server.storage.postgres.writing import PostgresFolders, PostgresIndex, PostgresLease
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.stored import StoredJobs
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
        self._statements = Statements(load_queries(__package__))
        self._paths = PathCache()
        self._transactions = DatabaseTransactions()
        self.lease = PostgresLease(self._transactions, lease_seconds)
        self.index = PostgresIndex(self._transactions, self.lease, config, model)
        self.jobs = StoredJobs(self._transactions, jobs)
        self.folders = PostgresFolders(self._transactions, self.lease)

    async def open(self) -> None:
        if self._transactions.is_open:
            return
        database = Database(self._config, self._statements, self._project_id)
        await database.prepare(
            lambda session: prepare_schema(session, self._config, self._model, self._tokenizer_version, self._discard)
        )
        self._transactions.begin(database)
        self._discard = False

    async def close(self) -> None:
        if not self._transactions.is_open:
            return
        database = self._transactions.opened
        try:
            await self.lease.release()
        except StorageError:
            pass  # the lease ends by itself
        finally:
            self._transactions.end()
            await database.close()

    def describe(self) -> str:
        return f"postgresql {where(self._config)}"

    async def database_health(self) -> DatabaseHealth | None:
        return await self._transactions.opened.health()

    async def read(self, work: Callable[[View], Result]) -> Result:
        return await self._transactions.opened.read(lambda session: work(PostgresView(session, self._paths)))
