"""What lies in PostgreSQL of one project, read with plain SQL and without the project's own prefix and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent_brain_client.wire import location_id
from support.interruption import Indexed
from support.postgres import DatabaseServer

FILES = "SELECT path, folder, content_hash, size, language, chunk_count, note FROM agent_brain.files"
CHUNKS = """
    SELECT
        chunk_id, path, start_line, end_line, c.language, kind, symbol, name, text_hash, signature, documentation, text
    FROM agent_brain.chunks AS c JOIN agent_brain.files AS f USING (project_id)
"""
VECTORS = "SELECT text_hash, CAST(vector AS text) FROM agent_brain.vectors"
TERMS = """
    SELECT chunk_id, length, (
        SELECT string_agg(concat_ws(' ', substr(lexeme, 4), positions, weights), '|' ORDER BY lexeme) FROM unnest(terms)
    )
    FROM agent_brain.chunk_terms LEFT JOIN agent_brain.chunks USING (project_id, row)
"""
FREQUENCIES = "SELECT lexeme, chunks FROM agent_brain.term_frequencies"
COUNTED = """
    SELECT lexeme, count(*) FROM agent_brain.chunk_terms, unnest(tsvector_to_array(terms)) AS lexeme
"""
STATE = "SELECT chunks, vectors, terms, embedded_texts FROM agent_brain.index_state"
LENGTH = "SELECT coalesce(sum(length), 0) FROM agent_brain.chunk_terms"


class ProjectRows:
    """The rows of the project at `root` in this database."""

    def __init__(self, server: DatabaseServer, database: str, root: Path) -> None:
        self._server = server
        self._database = database
        self._project = location_id(root)

    def select(self, sql: str, more: str = "") -> list[tuple[Any, ...]]:
        """The project's rows of a SELECT; `more` goes behind the condition that names the project."""
        return self._server.psql(f"{sql} WHERE project_id = '{self._project}' {more}", self._database)

    def vector_hashes(self) -> set[str]:
        """The texts that have a vector."""
        return {text_hash for text_hash, _ in self.select(VECTORS)}

    def read(self) -> Indexed:
        """All of the index; what is counted in it is as its rows say."""
        files, chunks = self.select(FILES), self.select(CHUNKS, "AND f.id = file_id")
        vectors, terms = dict(self.select(VECTORS)), self.select(TERMS)
        ((counted_chunks, counted_vectors, length, embedded),) = self.select(STATE)
        assert (len(chunks), len(vectors)) == (counted_chunks, counted_vectors)
        assert length == self.select(LENGTH)[0][0]
        assert sorted(self.select(FREQUENCIES, "AND chunks <> 0")) == sorted(self.select(COUNTED, "GROUP BY lexeme"))
        assert len({row[0] for row in files}) == len(files)
        assert sorted(row[0] for row in terms) == sorted(row[0] for row in chunks), "terms of a chunk that is gone"
        return Indexed(set(files), {row[0]: row[1:] for row in chunks}, vectors, set(terms), embedded)
