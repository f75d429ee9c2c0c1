"""The index in PostgreSQL, read inside of a transaction that sees one state of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexStatistics
from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.storage.graph_rows import by_place, key_of, located_definition, located_reference
from agent_brain_server.storage.postgres import full_text, index, nearest
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.view import GraphView, SearchView


class PostgresView:
    """A `View` of the transaction that `session` is in."""

    def __init__(self, session: Session, paths: PathCache) -> None:
        self.search: SearchView = _Search(session, paths)
        self.graph: GraphView = _Graph(session)


class _Search:
    def __init__(self, session: Session, paths: PathCache) -> None:
        self._session = session
        self._paths = paths

    def lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        return full_text.search_lexical(self._session, self._paths, terms, filters, limit)

    def vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        if not len(vector) or limit <= 0:
            return Hits()
        return nearest.search_vector(self._session, self._paths, vector, filters, limit)

    def both(self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int) -> tuple[Hits, Hits]:
        return self.lexical(terms, filters, limit), self.vector(vector, filters, limit)

    def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        found = self._session.rows("fetch_chunks", rows=list(map(int, rows)))
        return {row: Chunk._make(fields) for row, *fields in found}

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        found = self._session.first("find_chunk", chunk_id=chunk_id)
        return Chunk(*found[1:]) if found else None

    def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        found = self._session.rows("find_files", paths=list(paths))
        return {row[0]: FileRecord(*row) for row in found}

    def list_files(self) -> dict[str, FileRecord]:
        return index.list_files(self._session)

    def statistics(self) -> IndexStatistics:
        """Count the bytes of all projects in the database."""
        return full_text.count_all(self._session)


class _Graph:
    def __init__(self, session: Session) -> None:
        self._session = session

    def definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        keys = list(set(map(key_of, names)))
        return [located_definition(row) for row in self._session.rows("find_definitions", keys=keys)]

    def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        rows = self._session.rows("definitions_in", paths=list(set(paths)), symbols=list(symbols))
        return [located_definition(row) for row in rows]

    def references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        rows = self._session.rows("find_references", names=list(set(names)), limit=max(limit, 0))
        return [located_reference(row) for row in rows]

    def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        chosen = {"paths": list(set(paths)), "kinds": list(kinds), "within": list(within)}
        return [located_reference(row) for row in self._session.rows("references_in", **chosen)]

    def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        asked = list(set(places))
        paths, lines = [path for path, _ in asked], [line for _, line in asked]
        return by_place(self._session.rows("rows_at", paths=paths, lines=lines))
