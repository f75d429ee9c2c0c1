"""A project in a PostgreSQL database as an end of a copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import ConflictError, StorageError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.driver import connect, enter
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.schema import SCHEMA_VERSION, check_server, prepare_project, prepare_tables
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.postgres.snapshot import PostgresSnapshot
from agent_brain_server.storage.postgres.target import PostgresTarget
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.transfer import Entry, Found, Project, admit, other_schema

# Columns that `Project` carries; all others are in TABLES under their own names, or here below with the reason.
PROJECT_COLUMNS = frozenset(
    {
        *(f"projects.{name}" for name in ("tokenizer_version", "next_job")),
        *(f"projects.embedding_{name}" for name in ("name", "dimensions", "tokenizer")),
        *(f"index_state.{name}" for name in ("generation", "next_row", "embedded_texts")),
    }
)
EXCLUDED: Mapping[str, str] = {
    ".project_id": "says whose row it is, and the target has one project",
    "meta": "belongs to all projects of the database; the application makes it",
    "projects.instance": "names one copy",
    "index_state.next_file": "one more than the highest id",
    "index_state.chunks": "counted while copying",
    "index_state.terms": "counted while copying",
    "index_state.vectors": "counted while copying",
    "index_state.writer": "the lease is the copy's own",
    "index_state.writer_until": "the lease is the copy's own",
    "unfinished_copies": "says how far a copy is",
    "project_roles": "says who may use the project in this database",
    "chunk_terms": "made of the chunks",
    "term_frequencies": "made of the chunks",
}


class PostgresEnd:
    """The project `project_id` in the database that `config` names."""

    def __init__(self, config: PostgresConfig, project_id: str) -> None:
        self._config = config
        self._project_id = project_id
        self._statements = Statements(load_queries(__package__))

    def describe(self) -> str:
        """See `End.describe`."""
        return f"postgresql {where(self._config)}"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PostgresSnapshot]:
        """See `End.reading`."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        async with self._connected(**options) as session:
            with translated(self._config):
                project = await self._describe_project(session)
            yield PostgresSnapshot(self._config, session, project)

    async def _describe_project(self, session: Session) -> Project:
        there = (await session.one("find_namespace"))[0] and (await session.one("count_tables"))[0]
        if there and (version := (await session.one("select_meta"))[0]) != SCHEMA_VERSION:
            raise other_schema(self.describe(), version, SCHEMA_VERSION)
        found = await session.first("describe_project") if there else None
        if found is None:
            raise StorageError(
                f"{where(self._config)} holds no index of this project. Correct the URL, or make one: "
                "agent-brain index --wait"
            )
        await ledger.refuse_unfinished(session, self.describe(), discard=False)
        instance, generation, tokenizer_version, name, dimensions, tokenizer, *counters = found
        return Project(instance, generation, tokenizer_version, EmbeddingModel(name, dimensions, tokenizer), *counters)

    @asynccontextmanager
    async def _connected(self, **options: Any) -> AsyncIterator[Session]:
        async def creator() -> Any:
            connection = await connect(self._config, statement_seconds=0)
            await enter(connection, self._statements, self._project_id)
            return connection

        engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
        try:
            with translated(self._config):
                connection = await engine.connect()
                await connection.execution_options(**options)
            try:
                yield Session(connection, self._statements, self._project_id)
            finally:
                await connection.close()
        finally:
            await engine.dispose()

    async def check(self, project: Project, source: str, entry: Entry) -> Found:
        """See `End.check`: all of the beginning is done and then undone."""
        async with self._connected() as session:
            with translated(self._config):
                return await self._begin(session, project, source, entry, keep=False)

    @asynccontextmanager
    async def writing(self, project: Project, source: str, entry: Entry) -> AsyncIterator[PostgresTarget]:
        """See `End.writing`."""
        async with self._connected() as session:
            with translated(self._config):
                found = await self._begin(session, project, source, entry, keep=True)
                raw = await session.connection.get_raw_connection()
                await enter(raw.driver_connection, self._statements, self._project_id)
                await session.connection.rollback()
            yield PostgresTarget(self._config, session, found.marks)

    async def _begin(self, session: Session, project: Project, source: str, entry: Entry, *, keep: bool) -> Found:
        """One transaction makes the tables, takes the right to write and makes the ledger; what was found there."""
        async with session.connection.begin():
            if not (await session.one("lock_copy"))[0]:
                raise ledger.running(self.describe())
        async with session.connection.begin() as transaction:
            await session.run("lock_schema")
            await check_server(session, self._config)
            await prepare_tables(session, self._config)
            found = await ledger.find(session)
            admit(self.describe(), found, source, entry)
            if found.source is not None and entry == "start-over":
                await ledger.throw_away(session)
            model = project.model
            await prepare_project(session, self._config, model, project.tokenizer_version, discard=False)
            await self._hold_writing(session)
            if found.source is None or entry == "start-over":
                await ledger.begin(session, source)
                kept = await ledger.find(session)
            else:
                kept = found
            if not keep:
                await transaction.rollback()
                return found
        return kept

    async def _hold_writing(self, session: Session) -> None:
        if not (await session.run("hold_writing")).rowcount:
            raise ConflictError(
                f"A worker is indexing this project in {where(self._config)}. Stop it, or cancel its job (agent-brain "
                "jobs), then copy."
            )
