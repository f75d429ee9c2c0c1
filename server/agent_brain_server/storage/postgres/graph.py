"""The code graph, written inside the transaction that replaces or removes files. See `view` for reading."""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.storage.graph_rows import reference_rows, symbol_rows
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.rows import Row


def insert_graph(session: Session, files: Sequence[tuple[int, IndexedFile]]) -> None:
    """Add the graphs of these files, by their ids; they have none."""
    symbols = [row for file_id, indexed in files for row in symbol_rows(file_id, indexed)]
    references = [row for file_id, indexed in files for row in reference_rows(file_id, indexed, list)]
    insert_rows(session, "symbols", symbols)
    insert_rows(session, "symbol_references", references)


def insert_rows(session: Session, table: str, rows: Sequence[Row]) -> None:
    """Add these rows, without the project, to a table of the graph."""
    if rows:
        session.run(f"stage_{table}")
        session.copy(f"staged_{table}", rows)
        session.run(f"insert_{table}")


def remove_graph(session: Session, files: Sequence[int]) -> None:
    """Remove the graphs of these files."""
    session.run("delete_symbols", files=files)
    session.run("delete_references", files=files)
