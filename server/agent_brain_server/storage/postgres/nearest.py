"""Searching by vector: exactly while that is fast, else through the HNSW index, and exactly where that gave too few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Filters, Hit, Hits
from agent_brain_server.storage.postgres.filters import PathCache, filter_blocks, filter_values
from agent_brain_server.storage.postgres.session import Session

EXACT_STRATEGY = "exact"
HNSW_STRATEGY = "hnsw"
BOTH_STRATEGY = "hnsw, then exact"

# So many vectors are compared one by one in about the time that the index takes.
MOST_EXACT = 10_000
LEAST_EF_SEARCH, MOST_EF_SEARCH = 200, 1_000
MOST_INDEXED_DIMENSIONS = 2_000
MOST_HALF_DIMENSIONS = 4_000


def search_vector(session: Session, paths: PathCache, vector: FloatArray, filters: Filters, limit: int) -> Hits:
    """Set how the index is scanned, which stays so on the connection, then search."""
    ef_search = min(max(LEAST_EF_SEARCH, 2 * limit), MOST_EF_SEARCH)
    generation, chunks, indexed, *_ = session.one("begin_vector_search", ef_search=str(ef_search))
    values = filter_values(session, paths, generation, filters)
    return _VectorSearch(session, vector, filters, values, limit, chunks).run(indexed)


@dataclass(frozen=True, slots=True)
class _VectorSearch:
    session: Session
    vector: FloatArray
    filters: Filters
    values: Mapping[str, object]
    limit: int
    chunks: int

    def run(self, indexed: bool) -> Hits:
        """Search exactly, or through the HNSW index where there is one (`indexed`)."""
        allowed = self.allowed() if indexed else 0
        if allowed <= MOST_EXACT:
            return Hits(self.exact(), EXACT_STRATEGY)
        found = self.approximate()
        if len(found) >= min(self.limit, allowed):
            return Hits(found, HNSW_STRATEGY)
        return Hits(self.exact(), BOTH_STRATEGY)

    def allowed(self) -> int:
        """Count the chunks that may be found, up to just above MOST_EXACT."""
        if not self.filters:
            return self.chunks
        (count,) = self.session.one(
            "count_allowed",
            *filter_blocks(self.filters),
            "end_count_allowed",
            limit=MOST_EXACT + 1,
            **self.values,
        )
        return int(count)

    def exact(self) -> list[Hit]:
        """Compare all that may be found."""
        if not self.filters:
            rows = self.session.rows("search_vector_exact", vector=self.vector, limit=self.limit)
            # A vector whose chunks are gone took the place of one that has some.
            if all(row is not None for row, _ in rows):
                return [Hit(row, score) for row, score in rows[: self.limit]]
        rows = self.session.rows(
            "search_vector_allowed",
            *filter_blocks(self.filters),
            "end_search_vector_allowed",
            vector=self.vector,
            limit=self.limit,
            **self.values,
        )
        return [Hit(row, score) for row, score in rows]

    def approximate(self) -> list[Hit]:
        """Search through the index."""
        blocks = filter_blocks(self.filters)
        dimensions = len(self.vector)
        order = "order_by_vector" if dimensions <= MOST_INDEXED_DIMENSIONS else f"order_by_halfvec:{dimensions}"
        rows = self.session.rows(
            "search_vector_nearest",
            *blocks,
            "end_search_vector_nearest",
            order,
            "search_vector_chunks",
            *blocks,
            "end_search_vector_allowed",
            vector=self.vector,
            limit=self.limit,
            **self.values,
        )
        return [Hit(row, score) for row, score in rows]
