"""A project in a PostgreSQL database as an end of a copy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from pgvector.asyncpg import register_vector
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from agent_brain_server.domain.content import EmbeddingModel, FloatArray, Folder
from agent_brain_server.domain.search import Filters, Hit
from agent_brain_server.errors import AgentBrainError, ConflictError, StorageError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.connection import connect, single_session
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.folders import save_folder
from agent_brain_server.storage.postgres.lexemes import Lexemes, count_terms, tsvector
from agent_brain_server.storage.postgres.schema import SCHEMA_VERSION, check_server, prepare_project, prepare_tables
from agent_brain_server.storage.postgres.search import search_lexical
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.postgres.settle import settle
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.transfer import (
    CHUNKS,
    FILES,
    FOLDERS,
    JOBS,
    TABLES,
    VECTORS,
    Entry,
    Found,
    Key,
    Mark,
    Project,
    Row,
    Table,
    admit,
    canonical,
    other_schema,
    terms_of,
)

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
    "chunk_terms": "made of the chunks",
    "term_frequencies": "made of the chunks",
}
_PAGES = {
    "vectors": "page_vectors",
    "files": "page_files",
    "chunks": "page_chunks",
    "folders": "page_folders",
    "jobs": "page_jobs",
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
            await _know_vectors(connection, self._statements)
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
                await _know_vectors(raw.driver_connection, self._statements)
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


async def _know_vectors(driver: Any, statements: Statements) -> None:
    """Enter our tables' schema, and let the driver read and write vectors where pgvector is there."""
    schema = await driver.fetchval(str(statements.make(("enter_namespace",))))
    if schema is not None:
        await register_vector(driver, schema=schema)


class PostgresSnapshot:
    """See `Snapshot`."""

    def __init__(self, config: PostgresConfig, session: Session, project: Project) -> None:
        self._config = config
        self._session = session
        self._project = project

    @property
    def project(self) -> Project:
        """See `Snapshot.project`."""
        return self._project

    async def count_rows(self) -> dict[str, int]:
        """See `Snapshot.count_rows`."""
        with translated(self._config):
            counts = await self._session.one("count_rows")
        return dict(zip([table.name for table in TABLES], counts, strict=True))

    async def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        """See `Snapshot.page`."""
        with translated(self._config):
            rows = await self._session.rows(_PAGES[table.name], after=after, limit=limit)
        if table is VECTORS:
            return [(text_hash, vector.to_numpy().astype("<f4").tobytes()) for text_hash, vector in rows]
        return [canonical(table, row) for row in rows]

    async def search_lexical(self, terms: Sequence[str], limit: int) -> list[Hit]:
        """See `Snapshot.search_lexical`: asked for all, no chunk is passed over."""
        everything = (await self.count_rows())[CHUNKS.name] + 1
        with translated(self._config):
            hits = await search_lexical(self._session, PathCache(), terms, Filters(), everything)
        return hits[:limit]

    async def search_vector(self, vector: FloatArray, limit: int) -> list[Hit]:
        """See `Snapshot.search_vector`."""
        blocks = ("search_vector_allowed", "end_search_vector_allowed")
        with translated(self._config):
            rows = await self._session.rows(*blocks, vector=vector, limit=limit)
        return [Hit(row, score) for row, score in rows]


class PostgresTarget:
    """See `Target`. The connection holds the lock of copying as long as it lives."""

    def __init__(self, config: PostgresConfig, session: Session, marks: Mapping[str, Mark]) -> None:
        self._config = config
        self._session = session
        self._marks = marks

    @property
    def marks(self) -> Mapping[str, Mark]:
        """See `Target.marks`."""
        return self._marks

    async def write(self, table: Table, rows: Sequence[Row]) -> None:
        """See `Target.write`."""
        session = self._session
        insert = {VECTORS.name: _insert_vectors, FILES.name: _insert_files, CHUNKS.name: _insert_chunks}
        with translated(self._config):
            async with session.connection.begin():
                if not await ledger.save(session, table, Mark(table.key_of(rows[-1]), len(rows))):
                    raise _thrown_away(self._config)
                await insert[table.name](session, rows)

    async def finish(self, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        """See `Target.finish`."""
        session = self._session
        with translated(self._config):
            async with single_session(self._config, session.statements, session.project_id) as alone:
                await settle(alone, self._config, project.model.dimensions)
            async with session.connection.begin():
                await session.run("lock_schema")
                if not (await ledger.find(session)).marks:
                    raise _thrown_away(self._config)
                await _replace_last(session, last)
                await session.run("set_job_numbers", next_job=project.next_job)
                await session.run(
                    "set_counters",
                    generation=project.generation,
                    embedded_texts=project.embedded_texts,
                    next_row=project.next_row,
                )
                await ledger.drop(session)


def _thrown_away(config: PostgresConfig) -> AgentBrainError:
    return ConflictError(f"The copy into {where(config)} was thrown away by somebody else meanwhile. Begin anew.")


async def _insert_vectors(session: Session, rows: Sequence[Row]) -> None:
    await session.run("stage_vectors")
    vectors: list[tuple[object, ...]] = [(name, np.frombuffer(data, "<f4")) for name, data in rows]  # type: ignore[arg-type]
    await session.copy("staged_vectors", vectors)
    await session.run("insert_vectors")
    await _count(session, vectors=len(rows))


async def _insert_files(session: Session, rows: Sequence[Row]) -> None:
    await session.run("stage_files")
    await session.copy("staged_files", [row[1:] for row in rows])
    await session.run("upsert_files", paths=[row[1] for row in rows], ids=[row[0] for row in rows])


async def _insert_chunks(session: Session, rows: Sequence[Row]) -> None:
    lexemes, frequencies = Lexemes(session.project_id), Counter[str]()
    files = [CHUNKS.column(row, "file_id") for row in rows]
    paths: dict[Any, str] = {row[0]: row[1] for row in await session.rows("select_paths_among", ids=files)}
    staged, total = [], 0
    for row, file_id in zip(rows, files, strict=True):
        counts = count_terms(terms_of(row, paths[file_id]))
        frequencies.update(counts.keys())
        total += counts.total
        staged.append((*row, counts.total, tsvector(counts, lexemes)))
    await session.run("stage_chunks")
    await session.copy("staged_chunks", staged)
    await session.run("insert_chunks")
    await session.run("insert_terms")
    ordered = sorted(frequencies)
    await session.run(
        "add_frequencies", lexemes=[lexemes.of(term) for term in ordered], counts=[frequencies[t] for t in ordered]
    )
    await _count(session, chunks=len(rows), terms=total)


async def _count(session: Session, *, chunks: int = 0, terms: int = 0, vectors: int = 0) -> None:
    await session.run("advance_state", rows=0, files=0, embedded=0, chunks=chunks, terms=terms, vectors=vectors)


async def _replace_last(session: Session, last: Mapping[str, Sequence[Row]]) -> None:
    await session.run("clear_folders")
    for path, include, exclude in last[FOLDERS.name]:
        await save_folder(session, Folder(str(path), *(tuple(json.loads(str(globs))) for globs in (include, exclude))))
    await session.run("clear_jobs")
    for row in last[JOBS.name]:
        await session.run("insert_copied_job", **dict(zip(JOBS.columns, row, strict=True)))
