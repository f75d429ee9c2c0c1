"""A project in a PostgreSQL database that a copy is written into."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent_brain_server.domain.content import Folder
from agent_brain_server.errors import AgentBrainError, ConflictError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.alone import Alone
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.folders import save_folder
from agent_brain_server.storage.postgres.graph import insert_rows
from agent_brain_server.storage.postgres.lexemes import Lexemes, count_terms, tsvector
from agent_brain_server.storage.postgres.optimize import optimize
from agent_brain_server.storage.postgres.session import Session
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


class PostgresTarget:
    """A `Target`. The connection holds the lock of copying as long as it lives."""

    def __init__(self, config: PostgresConfig, alone: Alone, checkpoints: Mapping[str, Checkpoint]) -> None:
        self._config = config
        self._alone = alone
        self._checkpoints = checkpoints

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        return self._checkpoints

    async def write(self, table: Table, rows: Sequence[Row]) -> None:

        def write(session: Session) -> None:
            with session.transaction():
                if not ledger.save(session, table, Checkpoint(table.key_of(rows[-1]), len(rows))):
                    raise _thrown_away(self._config)
                _INSERTS[table.name](session, rows)

        with translated(self._config):
            await self._alone.run(write)

    async def finish(self, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        with translated(self._config):
            async with self._alone.another() as builder:
                await builder.run(lambda session: optimize(session, self._config, project.model.dimensions))
            await self._alone.run(lambda session: self._finish(session, project, last))

    def _finish(self, session: Session, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        with session.transaction():
            session.run("lock_schema")
            if not ledger.find(session).checkpoints:
                raise _thrown_away(self._config)
            _replace_last(session, last)
            session.run("set_job_numbers", next_job=project.next_job)
            session.run(
                "set_counters",
                generation=project.generation,
                embedded_texts=project.embedded_texts,
                next_row=project.next_row,
            )
            ledger.drop(session)


def _thrown_away(config: PostgresConfig) -> AgentBrainError:
    return ConflictError(
        f"The copy into {where(config)} was discarded by another command meanwhile. Start the copy again."
    )


def _insert_vectors(session: Session, rows: Sequence[Row]) -> None:
    session.run("stage_vectors")
    vectors: list[tuple[object, ...]] = [(name, np.frombuffer(data, "<f4")) for name, data in rows]  # type: ignore[arg-type]  # a column of bytes
    session.copy("staged_vectors", vectors)
    session.run("insert_vectors")
    _count(session, vectors=len(rows))


def _insert_files(session: Session, rows: Sequence[Row]) -> None:
    session.run("stage_files")
    session.copy("staged_files", [row[1:] for row in rows])
    session.run("upsert_files", paths=[row[1] for row in rows], ids=[row[0] for row in rows])


def _insert_chunks(session: Session, rows: Sequence[Row]) -> None:
    lexemes, frequencies = Lexemes(session.project_id), Counter[str]()
    files = [CHUNKS.column(row, "file_id") for row in rows]
    paths: dict[Any, str] = {row[0]: row[1] for row in session.rows("select_paths_among", ids=files)}
    staged, total = [], 0
    for row, file_id in zip(rows, files, strict=True):
        counts = count_terms(terms_of(row, paths[file_id]))
        frequencies.update(counts.keys())
        total += counts.total
        staged.append((*row, counts.total, tsvector(counts, lexemes)))
    session.run("stage_chunks")
    session.copy("staged_chunks", staged)
    session.run("insert_chunks")
    session.run("insert_terms")
    ordered = sorted(frequencies)
    session.run(
        "add_frequencies", lexemes=[lexemes.of(term) for term in ordered], counts=[frequencies[t] for t in ordered]
    )
    _count(session, chunks=len(rows), terms=total)


def _insert_symbols(session: Session, rows: Sequence[Row]) -> None:
    insert_rows(session, SYMBOLS.name, rows)


def _insert_references(session: Session, rows: Sequence[Row]) -> None:
    insert_rows(session, REFERENCES.name, [(*row[:-1], json.loads(str(row[-1]))) for row in rows])


def _count(session: Session, *, chunks: int = 0, terms: int = 0, vectors: int = 0) -> None:
    session.run("advance_state", rows=0, files=0, embedded=0, chunks=chunks, terms=terms, vectors=vectors)


def _replace_last(session: Session, last: Mapping[str, Sequence[Row]]) -> None:
    session.run("clear_folders")
    for path, include, exclude in last[FOLDERS.name]:
        save_folder(session, Folder(str(path), *(tuple(json.loads(str(globs))) for globs in (include, exclude))))
    session.run("clear_jobs")
    for row in last[JOBS.name]:
        session.run("insert_copied_job", **dict(zip(JOBS.columns, row, strict=True)))


_INSERTS = {
    VECTORS.name: _insert_vectors,
    FILES.name: _insert_files,
    CHUNKS.name: _insert_chunks,
    SYMBOLS.name: _insert_symbols,
    REFERENCES.name: _insert_references,
}
