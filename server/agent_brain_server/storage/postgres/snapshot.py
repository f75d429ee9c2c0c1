"""One state of a project in a PostgreSQL database, read to be copied or compared."""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Filters, Hit
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.alone import Alone
from agent_brain_server.storage.postgres.failures import translated
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.full_text import search_lexical
from agent_brain_server.storage.tables import CHUNKS, TABLES, VECTORS, Key, Row, Table, canonical
from agent_brain_server.storage.transfer import Project


class PostgresSnapshot:
    """A `Snapshot`."""

    def __init__(self, config: PostgresConfig, alone: Alone, project: Project) -> None:
        self._config = config
        self._alone = alone
        self._project = project

    @property
    def project(self) -> Project:
        return self._project

    async def count_rows(self) -> dict[str, int]:
        with translated(self._config):
            counts = await self._alone.run(lambda session: session.one("count_rows"))
        return dict(zip([table.name for table in TABLES], counts, strict=True))

    async def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        with translated(self._config):
            rows = await self._alone.run(
                lambda session: session.binary_rows(f"page_{table.name}", limit=limit, **table.after(after))
            )
        if table is VECTORS:
            return [(text_hash, vector.to_numpy().astype("<f4").tobytes()) for text_hash, vector in rows]
        return [canonical(table, row) for row in rows]

    async def search_lexical(self, terms: Sequence[str], limit: int) -> list[Hit]:
        """Ask for all chunks, so that none is passed over."""
        everything = (await self.count_rows())[CHUNKS.name] + 1
        with translated(self._config):
            hits = await self._alone.run(
                lambda session: search_lexical(session, PathCache(), terms, Filters(), everything)
            )
        return hits[:limit]

    async def search_vector(self, vector: FloatArray, limit: int) -> list[Hit]:
        blocks = ("search_vector_allowed", "end_search_vector_allowed")
        with translated(self._config):
            rows = await self._alone.run(lambda session: session.rows(*blocks, vector=vector, limit=limit))
        return [Hit(row, score) for row, score in rows]
