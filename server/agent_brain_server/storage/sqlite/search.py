"""Reading the index, on a reader's thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence

from agent_brain_server.domain.content import Chunk, FileRecord
from agent_brain_server.domain.search import Filters, Hit, Hits
from agent_brain_server.storage import lexical
from agent_brain_server.storage.lexical import plain_terms, selective_terms
from agent_brain_server.storage.sqlite.filters import filter_blocks, filter_values
from agent_brain_server.storage.sqlite.session import Row, Session

FIRST_LOOK = 400
LEXICAL_PATH = "fts5"
_WEIGHTS = {
    "symbol": lexical.SYMBOL_WEIGHT,
    "path": lexical.PATH_WEIGHT,
    "documentation": lexical.DOCUMENTATION_WEIGHT,
    "body": lexical.BODY_WEIGHT,
}


class TermFrequencies:
    """In how many chunks a term occurs, remembered until the index changes."""

    def __init__(self) -> None:
        self._generation = -1
        self._chunks = 0
        self._counts: dict[str, int] = {}

    def select(self, session: Session, terms: list[str]) -> list[str]:
        """Those of `terms` that a search of this index asks for (see `lexical.selective_terms`)."""
        (generation,) = session.one("find_generation")
        if generation != self._generation:
            (chunks,) = session.one("count_chunks")
            self._generation, self._chunks, self._counts = generation, chunks, {}
        if self._chunks <= lexical.MANY_MATCHES:
            return terms
        counts, chunks = self._counts, self._chunks
        for term in terms:
            if term not in counts:
                row = session.run("find_term_frequency", term=term).fetchone()
                counts[term] = row[0] if row else 0
        return selective_terms({term: counts[term] for term in terms}, chunks)


def search_lexical(
    session: Session, frequencies: TermFrequencies, terms: Sequence[str], filters: Filters, limit: int
) -> Hits:
    """See `SearchStore.search_lexical`."""
    asked = plain_terms(terms)
    if not asked or limit <= 0:
        return Hits()
    with session.transaction():
        asked = frequencies.select(session, asked)
        if not asked:
            return Hits()
        seen = look_first(session, filters, limit, lambda most: _rank(session, asked, Filters(), most))
        return Hits(_rank(session, asked, filters, limit) if seen is None else seen, LEXICAL_PATH)


def _rank(session: Session, terms: list[str], filters: Filters, limit: int) -> list[Hit]:
    values = {**_WEIGHTS, "match": " OR ".join([f'"{term}"' for term in terms]), "limit": limit}
    if filters:
        blocks = ["with_allowed", *filter_blocks(filters), "search_lexical_allowed"]
        rows = session.run(*blocks, **values, **filter_values(filters))
    else:
        rows = session.run("search_lexical", **values)
    return [Hit(row, score) for row, score in rows]


def look_first(session: Session, filters: Filters, limit: int, rank: Callable[[int], list[Hit]]) -> list[Hit] | None:
    """The answer to a filtered search if it can be had from the first FIRST_LOOK hits of `rank`, which has no filter.

    A language or a kind often holds for most of the index: listing all its chunks takes longer than the search itself.
    None means that the hits do not suffice, so that these chunks have to be listed.
    """
    if not (filters.languages or filters.kinds) or filters.paths or filters.symbols or limit >= FIRST_LOOK:
        return None
    first = rank(FIRST_LOOK)
    rows = json.dumps([hit.row for hit in first])
    blocks = ["with_allowed_among", *filter_blocks(filters), "select_allowed"]
    found = session.run(*blocks, rows=rows, **filter_values(filters))
    allowed = {row for (row,) in found}
    passing = [hit for hit in first if hit.row in allowed]
    return passing[:limit] if len(passing) >= limit or len(first) < FIRST_LOOK else None


def allowed_rows(session: Session, filters: Filters) -> list[Row]:
    """The chunk rows that pass `filters`, one a tuple, in no order."""
    return session.run("with_allowed", *filter_blocks(filters), "select_allowed", **filter_values(filters)).fetchall()


def fetch_chunks(session: Session, rows: Sequence[int]) -> dict[int, Chunk]:
    """See `SearchStore.fetch_chunks`."""
    found = session.run("fetch_chunks", rows=json.dumps([int(row) for row in rows]))
    return {row: Chunk(*fields) for row, *fields in found}


def find_chunk(session: Session, chunk_id: str) -> Chunk | None:
    """See `SearchStore.find_chunk`."""
    found = session.run("find_chunk", chunk_id=chunk_id).fetchone()
    return Chunk(*found[1:]) if found else None


def find_files(session: Session, paths: Collection[str]) -> dict[str, FileRecord]:
    """See `SearchStore.find_files`."""
    return {row[0]: FileRecord(*row) for row in session.run("find_files", paths=json.dumps(list(paths)))}


def count_all(session: Session) -> tuple[Row, dict[str, int]]:
    """Files, chunks, vectors and texts ever embedded; and the files by language."""
    with session.transaction():
        return session.one("count_all"), dict(session.run("count_languages").fetchall())
