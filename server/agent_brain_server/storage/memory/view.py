"""The index in memory as of one moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexStatistics
from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.storage.filtering import chunk_filter
from agent_brain_server.storage.graph_rows import key_of
from agent_brain_server.storage.lexical import plain_terms
from agent_brain_server.storage.memory.content import Content
from agent_brain_server.storage.memory.ranking import rank_by_cosine, rank_by_terms
from agent_brain_server.storage.texts import clean
from agent_brain_server.storage.view import GraphView, SearchView


class MemoryView:
    """A `View` of `content`, which does not change any more."""

    def __init__(self, content: Content) -> None:
        self.search: SearchView = _Search(content)
        self.graph: GraphView = _Graph(content)


class _Search:
    def __init__(self, content: Content) -> None:
        self._content = content

    def lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        asked = plain_terms(terms)
        if not asked:
            return Hits()
        return Hits(rank_by_terms(self._content.chunks, asked, chunk_filter(filters))[: max(limit, 0)], "scan")

    def vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        if not len(vector):
            return Hits()
        content = self._content
        allows = chunk_filter(filters)
        held = {
            row: content.vectors[chunk.text_hash]
            for row, chunk in content.chunks.items()
            if chunk.text_hash in content.vectors and allows(chunk.chunk)
        }
        return Hits(rank_by_cosine(held, vector)[: max(limit, 0)], "exact")

    def both(self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int) -> tuple[Hits, Hits]:
        return self.lexical(terms, filters, limit), self.vector(vector, filters, limit)

    def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        return {row: self._content.chunks[row].chunk for row in rows if row in self._content.chunks}

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        return next((held.chunk for held in self._content.chunks.values() if held.chunk.id == chunk_id), None)

    def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        return {path: self._content.files[path] for path in paths if path in self._content.files}

    def list_files(self) -> dict[str, FileRecord]:
        return dict(self._content.files)

    def statistics(self) -> IndexStatistics:
        languages: dict[str, int] = {}
        for record in self._content.files.values():
            if record.language:
                languages[record.language] = languages.get(record.language, 0) + 1
        return IndexStatistics(
            files=sum(languages.values()),
            chunks=len(self._content.chunks),
            vectors=len(self._content.vectors),
            bytes=0,
            embedded_texts=self._content.embedded_texts,
            languages=languages,
        )


class _Graph:
    def __init__(self, content: Content) -> None:
        self._content = content

    def definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        keys = set(map(key_of, names))
        return self._content.definitions(lambda path, key: key in keys)

    def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        found = self._content.definitions(lambda path, key: path in paths)
        return [one for one in found if not symbols or one.definition.symbol in symbols]

    def references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        asked = set(map(clean, names))
        return self._content.references(lambda path, name: name in asked)[: max(limit, 0)]

    def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        found = self._content.references(lambda path, name: path in paths)
        inside = [one for one in found if not within or any(_lies_in(one.reference.scope, owner) for owner in within)]
        return [one for one in inside if not kinds or one.reference.kind in kinds]

    def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict(self._content.rows_at(places))


def _lies_in(scope: str, owner: str) -> bool:
    return scope == owner or scope.startswith(f"{owner}.")
