"""Making the tables, and refusing a file that this version cannot serve."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent_brain_contract.defaults import OLDEST_SQLITE, OLDEST_SQLITE_TEXT
from agent_brain_contract.index_file import APPLICATION_ID
from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import SchemaVersionError, StorageError
from agent_brain_server.storage.checks import log_emptied, mismatched_model
from agent_brain_server.storage.rows import new_identity
from agent_brain_server.storage.sqlite.failures import damaged
from agent_brain_server.storage.sqlite.folders import list_folders
from agent_brain_server.storage.sqlite.full_text import require_terms
from agent_brain_server.storage.sqlite.index import empty_content
from agent_brain_server.storage.sqlite.jobs import add_job
from agent_brain_server.storage.sqlite.ledger import refuse_unfinished
from agent_brain_server.storage.sqlite.session import Row, Session, UnsoundError

SCHEMA_VERSION = 2
# The SQL blocks that turn a file of the version before into one of this version: they create tables or add columns.
ADDED = {2: ("create_symbols", "create_symbol_references", "create_graph_names")}
_SPACE = re.compile(r"\s*([(),])\s*|\s+")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which index this is (`instance` changes when its content is discarded) and how many changes it has seen."""

    instance: str
    generation: int


def check_sqlite() -> None:
    """Refuse a Python whose SQLite lacks what the index needs."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StorageError(
            f"This Python has SQLite {sqlite3.sqlite_version}, Agent Brain needs {OLDEST_SQLITE_TEXT} or newer."
            " Use another Python."
        )
    with closing(sqlite3.connect(":memory:")) as with_fts5:
        (found,) = with_fts5.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()
    if not found:
        raise StorageError("This Python's SQLite has no FTS5, which keyword search needs. Use another Python.")


def refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database of another program, or with statements that would run by themselves, before it is used."""
    # In this order: another process that makes the tables at this moment sets the id in the same transaction.
    tables, programs = connection.execute(
        "SELECT count(*), total(type IN ('trigger', 'view')) FROM sqlite_schema"
    ).fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and application != APPLICATION_ID:
        raise damaged(path)
    if programs:
        raise damaged(path, "it has triggers or views, which an Agent Brain index never has")


def prepare_schema(session: Session, path: Path, model: EmbeddingModel, tokenizer_version: str) -> Identity:
    """Create the tables of a new index, or check those of an old one."""
    with session.transaction(write=True):
        if not session.one("count_tables")[0]:
            _create_tables(session, model, tokenizer_version)
        _upgrade(session, path)
        refuse_unfinished(session, path)
        require_tables(session)
        stored = session.one("select_meta")
        if stored[2:6] != (tokenizer_version, model.name, model.dimensions, model.tokenizer):
            _replace_model(session, path, stored, model, tokenizer_version)
        require_terms(session)
        _, instance, *_, generation = session.one("select_meta")
    return Identity(instance, generation)


def require_tables(session: Session) -> None:
    """Raise UnsoundError unless every table and index is there as this version makes it, and no other."""
    wanted, found = _wanted_schema(session.queries), _schema(session.connection)
    missing = wanted.keys() - found.keys()
    if missing:
        raise UnsoundError(f"lacks {', '.join(sorted(missing))}")
    odd = {name for name, made in found.items() if wanted.get(name) != made}
    if foreign := odd - wanted.keys():  # their names may be anybody's words
        raise UnsoundError(f"has {len(foreign)} tables, indexes, views or triggers that this version does not make")
    if odd:
        raise UnsoundError(f"has another {', '.join(sorted(odd))} than this version makes")


def _wanted_schema(queries: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        for name, statement in queries.items():
            if name.startswith("create_"):
                fresh.execute(statement)
        return _schema(fresh)


def _schema(connection: sqlite3.Connection) -> Mapping[str, tuple[str, str]]:
    """Return the kind and the statement of each table and index by name.

    Statements have no white space that is not needed: `ALTER TABLE ADD COLUMN` puts it elsewhere than `schema.sql`.
    """
    rows = connection.execute("SELECT name, type, coalesce(sql, '') FROM sqlite_schema")
    return {name: (kind, _SPACE.sub(lambda found: found[1] or " ", statement)) for name, kind, statement in rows}


def _upgrade(session: Session, path: Path) -> None:
    """Migrate the tables to this version. The files have no content in new tables, so no tokenizer is theirs."""
    (stored, *_) = session.one("select_meta")
    if stored > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} was written by a newer Agent Brain (schema {stored}, this one knows {SCHEMA_VERSION}). "
            "Upgrade agent-brain, or make the index again with this version. Run: agent-brain start --reindex",
            stored=stored,
        )
    for version, names in ADDED.items():
        if version > stored:
            for name in names:
                session.run(name)
            session.run("advance_schema", schema_version=version)


def _create_tables(session: Session, model: EmbeddingModel, tokenizer_version: str) -> None:
    session.connection.execute("PRAGMA application_id = 0x4142524E")
    for name in session.queries:
        if name.startswith("create_"):
            session.run(name)
    session.run("insert_meta", schema_version=SCHEMA_VERSION, **new_identity(model, tokenizer_version))


def _replace_model(session: Session, path: Path, stored: Row, model: EmbeddingModel, tokenizer_version: str) -> None:
    """Take on another tokenizer, and another model where the index has nothing of the old one's.

    Vectors stay when the index is emptied for another tokenizer, so that no text is embedded a second time, and a job
    is queued.
    """
    has_chunks, has_vectors = session.one("find_content")
    old = EmbeddingModel(stored[3], stored[4], stored[5])
    if old != model and (has_chunks or has_vectors):
        raise mismatched_model(old, model)
    session.run("replace_meta", **new_identity(model, tokenizer_version))
    if has_chunks:
        empty_content(session, vectors=False)
        job = add_job(session, [], force=False, now=time.time()) if list_folders(session) else None
        log_emptied(f"sqlite {path}", job)
