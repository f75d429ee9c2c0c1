"""A SQLite file as an end of a copy."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.domain.jobs import Progress
from agent_brain_server.domain.search import Filters, Hit
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.sqlite import ledger
from agent_brain_server.storage.sqlite.connection import BUSY_SECONDS, create_file
from agent_brain_server.storage.sqlite.failures import translated
from agent_brain_server.storage.sqlite.schema import SCHEMA_VERSION, check_sqlite, prepare_schema, refuse_foreign
from agent_brain_server.storage.sqlite.search import TermFrequencies, search_lexical
from agent_brain_server.storage.sqlite.session import Session
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
    unfinished,
)

# Columns that `Project` carries; all others are in TABLES under their own names, or here below with the reason.
PROJECT_COLUMNS = frozenset(
    f"meta.{name}"
    for name in (
        *("generation", "tokenizer_version", "embedding_name", "embedding_dimensions", "embedding_tokenizer"),
        *("embedded_texts", "next_row"),
    )
) | {"sqlite_sequence.seq"}
EXCLUDED: Mapping[str, str] = {
    "meta.id": "there is one row",
    "meta.schema_version": "the application makes the schema",
    "meta.instance": "names one copy, so that no cache of another is taken for its own",
    "vectors.id": "counts insertions, and nothing refers to it",
    "chunk_terms": "made of the chunks",
    "chunk_terms_config": "a part of chunk_terms",
    "chunk_terms_data": "a part of chunk_terms",
    "chunk_terms_docsize": "a part of chunk_terms",
    "chunk_terms_idx": "a part of chunk_terms",
    "term_frequencies": "a view of chunk_terms",
    "sqlite_sequence.name": "there is one numbered table",
}
_PAGES = {
    "vectors": "page_vectors",
    "files": "page_files",
    "chunks": "page_chunks",
    "folders": "page_folders",
    "jobs": "page_jobs",
}
_PROGRESS = [known.name for known in fields(Progress)]


class SqliteEnd:
    """The index in the file `path`. It is used from one thread, which it blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queries = load_queries(__package__)

    def describe(self) -> str:
        """See `End.describe`."""
        return f"sqlite {self._path}"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqliteSnapshot]:
        """See `End.reading`."""
        with self._connected(writing=False) as session:
            with translated(self._path):
                session.begin()
                self._check_readable(session)
                project = _describe_project(session)
            yield SqliteSnapshot(self._path, session, project)

    def _check_readable(self, session: Session) -> None:
        if not session.one("count_tables")[0]:
            raise self._no_index()
        self._check_version(session)
        if session.one("find_ledger")[0]:
            raise unfinished(self.describe())

    def _check_version(self, session: Session) -> None:
        stored = session.one("select_meta")[0]
        if stored != SCHEMA_VERSION:
            raise other_schema(self.describe(), stored, SCHEMA_VERSION)

    def _no_index(self) -> StorageError:
        return StorageError(
            f"There is no index at {self._path}. Correct the URL, or make one: agent-brain index --wait"
        )

    @contextmanager
    def _connected(self, *, writing: bool) -> Iterator[Session]:
        with translated(self._path):
            if not writing and not _size(self._path):
                raise self._no_index()
            connection = _connect(self._path, writing=writing)
        try:
            with translated(self._path):
                refuse_foreign(connection, self._path)
                if writing:
                    connection.execute("PRAGMA journal_mode = WAL").fetchall()
                    connection.execute("PRAGMA synchronous = NORMAL")
                    connection.execute("PRAGMA foreign_keys = ON")
            yield _OneState(connection, self._queries) if not writing else Session(connection, self._queries)
        finally:
            connection.close()

    async def check(self, project: Project, source: str, entry: Entry) -> Found:
        """See `End.check`."""
        if not _size(self._path):
            with translated(self._path):
                _check_place(self._path)
            return Found()
        with self._connected(writing=False) as session, translated(self._path), session.transaction():
            found = ledger.find(session)
            if session.one("count_tables")[0]:
                self._check_version(session)
            admit(self.describe(), found, source, entry)
            return found

    @asynccontextmanager
    async def writing(self, project: Project, source: str, entry: Entry) -> AsyncIterator[SqliteTarget]:
        """See `End.writing`."""
        check_sqlite()
        await self.check(project, source, entry)
        with translated(self._path):
            create_file(self._path)
        with self._connected(writing=True) as session:
            with translated(self._path):
                marks = self._begin(session, project, source, entry)
            yield SqliteTarget(self._path, session, marks)

    def _begin(self, session: Session, project: Project, source: str, entry: Entry) -> Mapping[str, Mark]:
        """Each of the three transactions leaves an empty index, or goes on with a copy."""
        with session.transaction(write=True):
            found = ledger.find(session)
            admit(self.describe(), found, source, entry)
            if found.source is not None and entry == "resume":
                return found.marks
            if found.source is not None:
                ledger.throw_away(session)
        prepare_schema(session, self._path, project.model, project.tokenizer_version, discard=False)
        with session.transaction(write=True):
            ledger.begin(session, source)
            return ledger.find(session).marks


class _OneState(Session):
    """A session inside of a transaction that outlasts its statements."""

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[None]:
        """Nothing to begin or to end."""
        yield


class SqliteSnapshot:
    """See `Snapshot`."""

    def __init__(self, path: Path, session: Session, project: Project) -> None:
        self._path = path
        self._session = session
        self._project = project

    @property
    def project(self) -> Project:
        """See `Snapshot.project`."""
        return self._project

    async def count_rows(self) -> dict[str, int]:
        """See `Snapshot.count_rows`."""
        with translated(self._path):
            return dict(zip([table.name for table in TABLES], self._session.one("count_rows"), strict=True))

    async def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        """See `Snapshot.page`."""
        with translated(self._path):
            rows = self._session.run(_PAGES[table.name], after=after, limit=limit).fetchall()
        return [canonical(table, row) for row in rows]

    async def search_lexical(self, terms: Sequence[str], limit: int) -> list[Hit]:
        """See `Snapshot.search_lexical`."""
        with translated(self._path):
            return search_lexical(self._session, TermFrequencies(), terms, Filters(), limit)

    async def search_vector(self, vector: FloatArray, limit: int) -> list[Hit]:
        """See `Snapshot.search_vector`; the cache beside the file is another process's."""
        import numpy as np

        best: list[Hit] = []
        with translated(self._path):
            cursor = self._session.run("select_vectors_after", last=0)
            while found := cursor.fetchmany(1_000):
                scores = np.frombuffer(b"".join([data for _, data in found]), "<f4").reshape(len(found), -1) @ vector
                best += [Hit(row, float(score)) for (row, _), score in zip(found, scores, strict=True)]
                best = sorted(best, key=lambda hit: (-hit.score, hit.row))[:limit]
        return best


class SqliteTarget:
    """See `Target`."""

    def __init__(self, path: Path, session: Session, marks: Mapping[str, Mark]) -> None:
        self._path = path
        self._session = session
        self._marks = marks

    @property
    def marks(self) -> Mapping[str, Mark]:
        """See `Target.marks`."""
        return self._marks

    async def write(self, table: Table, rows: Sequence[Row]) -> None:
        """See `Target.write`."""
        with translated(self._path), self._session.transaction(write=True):
            insert = {VECTORS.name: "insert_vector", FILES.name: "insert_file", CHUNKS.name: "insert_chunk"}
            self._session.run_many(insert[table.name], rows)
            if table is CHUNKS:
                _insert_terms(self._session, rows)
            ledger.save(self._session, table, Mark(table.key_of(rows[-1]), len(rows)))

    async def finish(self, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        """See `Target.finish`."""
        session = self._session
        with translated(self._path):
            with session.transaction(write=True):
                for name in ("clear_folders", "clear_jobs", "clear_job_numbers"):
                    session.run(name)
                session.run_many("insert_folder", [_stored(FOLDERS, row) for row in last[FOLDERS.name]])
                session.run_many("insert_copied_job", [_stored(JOBS, row) for row in last[JOBS.name]])
                session.run("clear_job_numbers")
                session.run("set_job_numbers", next_job=project.next_job)
                session.run("set_counters", **_counters(project))
                session.run("drop_ledger")
            session.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _counters(project: Project) -> dict[str, object]:
    # A new name: rows are numbered as in the source, so that a cache left by an emptied index would seem to fit.
    return {
        "instance": secrets.token_hex(8),
        "generation": project.generation,
        "embedded_texts": project.embedded_texts,
        "next_row": project.next_row,
    }


def _insert_terms(session: Session, rows: Sequence[Row]) -> None:
    files = [CHUNKS.column(row, "file_id") for row in rows]
    paths = dict(session.run("select_paths_among", ids=json.dumps(files)).fetchall())
    terms = [(CHUNKS.key_of(row), terms_of(row, paths[file_id])) for row, file_id in zip(rows, files, strict=True)]
    session.run_many("insert_terms", [(row, one.symbol, one.path, one.documentation, one.body) for row, one in terms])


def _stored(table: Table, row: Row) -> tuple[object, ...]:
    """A canonical row with its JSON written as the store writes it."""
    return tuple(
        json.dumps(_ordered(json.loads(str(value)))) if kind == "json" else value
        for kind, value in zip(table.columns.values(), row, strict=True)
    )


def _ordered(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in _PROGRESS if name in value} | value


def _describe_project(session: Session) -> Project:
    instance, generation, tokenizer_version, name, dimensions, tokenizer, *counters = session.one("describe_project")
    return Project(instance, generation, tokenizer_version, EmbeddingModel(name, dimensions, tokenizer), *counters)


def _connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """To read, nothing is changed: neither the file, nor a log that a killed server left, which closing would empty."""
    untouched = not writing and _size(path.with_name(path.name + "-wal"))
    address = f"{path.absolute().as_uri()}?mode={'ro' if untouched else 'rw'}"
    connection = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    if not writing:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check_place(path: Path) -> None:
    """Raise OSError where the file could not be made."""
    parent = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir():
        raise IsADirectoryError(None, f"{path} is a directory")
    if not parent.is_dir():
        raise NotADirectoryError(None, f"{parent} is not a directory")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(None, f"{parent} is not writable")
