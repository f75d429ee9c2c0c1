"""A SQLite file that a copy is written into."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from agent_brain_server.domain.jobs import Progress
from agent_brain_server.storage.sqlite import ledger
from agent_brain_server.storage.sqlite.failures import translated
from agent_brain_server.storage.sqlite.graph import index_names
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.tables import (
    CHUNKS,
    FILES,
    FOLDERS,
    JOBS,
    REFERENCES,
    SYMBOLS,
    VECTORS,
    Row,
    Table,
    terms_of,
)
from agent_brain_server.storage.transfer import Checkpoint, Project

_INSERTS = {
    VECTORS.name: "insert_vector",
    FILES.name: "insert_file",
    CHUNKS.name: "insert_chunk",
    SYMBOLS.name: "insert_symbol",
    REFERENCES.name: "insert_reference",
}
_PROGRESS = [known.name for known in fields(Progress)]


class SqliteTarget:
    """A `Target`."""

    def __init__(self, path: Path, session: Session, checkpoints: Mapping[str, Checkpoint]) -> None:
        self._path = path
        self._session = session
        self._checkpoints = checkpoints

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        return self._checkpoints

    async def write(self, table: Table, rows: Sequence[Row]) -> None:
        with translated(self._path), self._session.transaction(write=True):
            self._session.run_many(_INSERTS[table.name], rows)
            if table is CHUNKS:
                _insert_terms(self._session, rows)
            ledger.save(self._session, table, Checkpoint(table.key_of(rows[-1]), len(rows)))

    async def finish(self, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        session = self._session
        with translated(self._path):
            with session.transaction(write=True):
                index_names(session)
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
    terms = [
        (CHUNKS.column(row, "row"), terms_of(row, paths[file_id])) for row, file_id in zip(rows, files, strict=True)
    ]
    session.run_many("insert_terms", [(row, one.symbol, one.path, one.documentation, one.body) for row, one in terms])


def _stored(table: Table, row: Row) -> tuple[object, ...]:
    """Return a canonical row with its JSON written as the store writes it."""
    return tuple(
        json.dumps(_ordered(json.loads(str(value)))) if kind == "json" else value
        for kind, value in zip(table.columns.values(), row, strict=True)
    )


def _ordered(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in _PROGRESS if name in value} | value
