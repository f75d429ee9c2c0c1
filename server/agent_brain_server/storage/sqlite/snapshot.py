"""One state of a SQLite file, read to be copied or compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.domain.hits import Filters, Hit
from agent_brain_server.storage.sqlite.failures import translated
from agent_brain_server.storage.sqlite.full_text import TermFrequencies, search_lexical
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.tables import CHUNKS, TABLES, Key, Row, Table, canonical
from agent_brain_server.storage.transfer import Project


class SqliteSnapshot:
    """A `Snapshot`."""

    def __init__(self, path: Path, session: Session, project: Project) -> None:
        self._path = path
        self._session = session
        self._project = project

    @property
    def project(self) -> Project:
        return self._project

    async def count_rows(self) -> dict[str, int]:
        with translated(self._path):
            return dict(zip([table.name for table in TABLES], self._session.one("count_rows"), strict=True))

    async def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        with translated(self._path):
            rows = self._session.run(f"page_{table.name}", limit=limit, **table.after(after)).fetchall()
        return [canonical(table, row) for row in rows]

    async def search_lexical(self, terms: Sequence[str], limit: int) -> list[Hit]:
        everything = (await self.count_rows())[CHUNKS.name] + 1
        with translated(self._path):
            return search_lexical(self._session, TermFrequencies(), terms, Filters(), everything)[:limit]

    async def search_vector(self, vector: FloatArray, limit: int) -> list[Hit]:
        """Read the vectors from the database: the cache is another process's."""
        import numpy as np

        best: list[Hit] = []
        with translated(self._path):
            cursor = self._session.run("select_vectors_after", last=0)
            while found := cursor.fetchmany(1_000):
                scores = np.frombuffer(b"".join([data for _, data in found]), "<f4").reshape(len(found), -1) @ vector
                best += [Hit(row, float(score)) for (row, _), score in zip(found, scores, strict=True)]
                best = sorted(best, key=lambda hit: (-hit.score, hit.row))[:limit]
        return best


def describe_project(session: Session) -> Project:
    """Return what the index knows of itself."""
    instance, generation, tokenizer_version, name, dimensions, tokenizer, *counters = session.one("describe_project")
    return Project(instance, generation, tokenizer_version, EmbeddingModel(name, dimensions, tokenizer), *counters)
