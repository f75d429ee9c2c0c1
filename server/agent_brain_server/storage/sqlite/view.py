"""The index in a SQLite file, read inside of a transaction and on the thread of a reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexStatistics
from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.storage.graph_rows import by_place, key_of, located_definition, located_reference
from agent_brain_server.storage.sqlite import full_text, index
from agent_brain_server.storage.sqlite.graph import hash_name
from agent_brain_server.storage.sqlite.nearest import Nearest
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.texts import clean
from agent_brain_server.storage.view import GraphView, SearchView


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that all views of an open index share: its term frequencies, its vectors, and the size of its files."""

    frequencies: full_text.TermFrequencies
    nearest: Nearest
    measure: Callable[[], int]


class SqliteView:
    """A `View` of the transaction that `session` is in."""

    def __init__(self, session: Session, shared: Shared) -> None:
        self.search: SearchView = _Search(session, shared)
        self.graph: GraphView = _Graph(session)


class _Search:
    def __init__(self, session: Session, shared: Shared) -> None:
        self._session = session
        self._shared = shared

    def lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        return full_text.search_lexical(self._session, self._shared.frequencies, terms, filters, limit)

    def vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        return self._shared.nearest.search(self._session, vector, filters, limit)

    def both(self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int) -> tuple[Hits, Hits]:
        nearest = self._shared.nearest.begin(self._session, vector, filters, limit)
        return self.lexical(terms, filters, limit), nearest()

    def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        return full_text.fetch_chunks(self._session, rows)

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        found = self._session.run("find_chunk", chunk_id=chunk_id).fetchone()
        return Chunk(*found[1:]) if found else None

    def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        found = self._session.run("find_files", paths=json.dumps(list(paths)))
        return {row[0]: FileRecord(*row) for row in found}

    def list_files(self) -> dict[str, FileRecord]:
        return index.list_files(self._session)

    def statistics(self) -> IndexStatistics:
        files, chunks, vectors, embedded = self._session.one("count_all")
        languages = dict(self._session.run("count_languages").fetchall())
        return IndexStatistics(files, chunks, vectors, self._shared.measure(), embedded, languages)


class _Graph:
    def __init__(self, session: Session) -> None:
        self._session = session

    def definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        asked = _asked("defined", map(key_of, names))
        return [located_definition(row) for row in self._session.run("find_definitions", asked=asked)]

    def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        rows = self._session.run("definitions_in", paths=_json(paths), symbols=_json(symbols))
        return [located_definition(row) for row in rows]

    def references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        asked = _asked("referred", map(clean, names))
        rows = self._session.run("find_references", asked=asked, limit=max(limit, 0))
        return [located_reference(row) for row in rows]

    def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        rows = self._session.run("references_in", paths=_json(paths), kinds=_json(kinds), within=_json(within))
        return [located_reference(row) for row in rows]

    def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return by_place(self._session.run("rows_at", places=_json(set(places))).fetchall())


def _asked(column: str, names: Iterable[str]) -> str:
    """Return the names as JSON, each with its query of FTS5."""
    return json.dumps([(name, f"{column}:{hash_name(name)}") for name in dict.fromkeys(names)])


def _json(values: Collection[object]) -> str:
    return json.dumps(clean(list(values)))
