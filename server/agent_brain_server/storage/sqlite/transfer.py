"""A SQLite file as an endpoint of a copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from agent_brain_server.errors import StorageError
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.sqlite import ledger
from agent_brain_server.storage.sqlite.connection import BUSY_SECONDS, create_file
from agent_brain_server.storage.sqlite.failures import refuse_foreign_file, translated
from agent_brain_server.storage.sqlite.schema import SCHEMA_VERSION, check_sqlite, prepare_schema, refuse_foreign
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.sqlite.snapshot import SqliteSnapshot, describe_project
from agent_brain_server.storage.sqlite.target import SqliteTarget
from agent_brain_server.storage.transfer import Checkpoint, Entry, Project, TargetState, admit, other_schema, unfinished

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
    "graph_names": "made of the graph",
    "graph_names_config": "a part of graph_names",
    "graph_names_data": "a part of graph_names",
    "graph_names_idx": "a part of graph_names",
    "vectors.id": "counts insertions, and nothing refers to it",
    "chunk_terms": "made of the chunks",
    "chunk_terms_config": "a part of chunk_terms",
    "chunk_terms_data": "a part of chunk_terms",
    "chunk_terms_docsize": "a part of chunk_terms",
    "chunk_terms_idx": "a part of chunk_terms",
    "term_frequencies": "a view of chunk_terms",
    "sqlite_sequence.name": "there is one numbered table",
}


class SqliteEndpoint:
    """The index in the file `path`. It is used from one thread, which it blocks."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self._path = path
        self._root = root
        self._queries = load_queries(__package__)

    def describe(self) -> str:
        return f"sqlite {self._path}"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqliteSnapshot]:
        with self._connected(writing=False) as session:
            with translated(self._path):
                session.begin()
                self._check_readable(session)
                project = describe_project(session)
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
            if self._root is not None:
                refuse_foreign_file(self._root, self._path)
            connection = _connect(self._path, writing=writing)
        try:
            with translated(self._path):
                refuse_foreign(connection, self._path)
                if writing:
                    connection.execute("PRAGMA journal_mode = WAL").fetchall()
                    connection.execute("PRAGMA synchronous = NORMAL")
                    connection.execute("PRAGMA foreign_keys = ON")
            yield Session(connection, self._queries)
        finally:
            connection.close()

    async def check(self, project: Project, source: str, entry: Entry) -> TargetState:
        if not _size(self._path):
            with translated(self._path):
                _check_place(self._path)
            return TargetState()
        with self._connected(writing=False) as session, translated(self._path), session.transaction():
            if session.one("count_tables")[0]:
                self._check_version(session)
            found = ledger.find(session)
            admit(self.describe(), found, source, entry)
            return found

    @asynccontextmanager
    async def writing(self, project: Project, source: str, entry: Entry) -> AsyncIterator[SqliteTarget]:
        check_sqlite()
        await self.check(project, source, entry)
        with translated(self._path):
            create_file(self._path)
        with self._connected(writing=True) as session:
            with translated(self._path):
                checkpoints = self._begin(session, project, source, entry)
            yield SqliteTarget(self._path, session, checkpoints)

    def _begin(self, session: Session, project: Project, source: str, entry: Entry) -> Mapping[str, Checkpoint]:
        """Begin or continue a copy. Each of the three transactions leaves an empty index or a copy."""
        with session.transaction(write=True):
            found = ledger.find(session)
            admit(self.describe(), found, source, entry)
            if found.source is not None and entry == "resume":
                return found.checkpoints
            if found.source is not None:
                ledger.throw_away(session)
        prepare_schema(session, self._path, project.model, project.tokenizer_version)
        with session.transaction(write=True):
            ledger.begin(session, source)
            return ledger.find(session).checkpoints


def _connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """Connect. Reading changes nothing: neither the file, nor a killed server's log, which closing would empty."""
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
