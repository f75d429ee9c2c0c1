"""Search by terms, and what it has in common with the search by vector."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import Filters, Hit, Hits
from agent_brain_server.domain.terms import chunk_terms
from agent_brain_server.storage import lexical
from agent_brain_server.storage.lexical import Choice, choose_terms, plain_terms, selective_terms
from agent_brain_server.storage.sqlite.filters import filter_blocks, filter_values
from agent_brain_server.storage.sqlite.session import Row, Session, UnsoundError

FIRST_LOOK = 400
LOOKED_AT = 8
LEXICAL_STRATEGY = "fts5"
_WEIGHTS = {
    "symbol": lexical.SYMBOL_WEIGHT,
    "path": lexical.PATH_WEIGHT,
    "documentation": lexical.DOCUMENTATION_WEIGHT,
    "body": lexical.BODY_WEIGHT,
}


@dataclass(frozen=True, slots=True)
class _Counts:
    """In how many chunks each term occurs, of how many, after so many changes."""

    generation: int
    chunks: int
    terms: dict[str, int] = field(default_factory=dict)


class TermFrequencies:
    """In how many chunks a term occurs, remembered until the index changes.

    Readers share it without a lock, and may see different states of the index at once: so each takes the counts of one
    state and goes on with these, and only a whole new set takes their place.
    """

    def __init__(self) -> None:
        self._latest = _Counts(-1, 0)

    def choose(self, session: Session, terms: list[str], filters: Filters, limit: int) -> Choice:
        """Choose the terms of a search. A filter leaves few chunks: then every term may find one of them."""
        (generation,) = session.one("find_generation")
        latest = self._latest
        if latest.generation != generation:
            self._latest = latest = _Counts(generation, *session.one("count_chunks"))
        counts, chunks = latest.terms, latest.chunks
        for term in terms:
            if term not in counts:
                row = session.run("find_term_frequency", term=term).fetchone()
                counts[term] = row[0] if row else 0
        asked = {term: counts[term] for term in terms}
        return Choice(tuple(selective_terms(asked, chunks))) if filters else choose_terms(asked, chunks, limit)


def search_lexical(
    session: Session, frequencies: TermFrequencies, terms: Sequence[str], filters: Filters, limit: int
) -> Hits:
    """Search in the transaction that `session` is in."""
    asked = plain_terms(terms)
    if not asked or limit <= 0:
        return Hits()
    choice = frequencies.choose(session, asked, filters, limit)
    if not choice.finding:
        require_terms(session)
        return Hits()
    match = _match(choice)
    seen = look_first(session, filters, limit, lambda most: _rank(session, match, Filters(), most))
    found = _rank(session, match, filters, limit) if seen is None else seen
    if not found and not filters:
        require_terms(session)
    return Hits(found, LEXICAL_STRATEGY)


def require_terms(session: Session) -> None:
    """Raise UnsoundError where the full-text index is plainly not that of the chunks: its first or last row differs, or
    it lacks a word of one of the chunks that are looked at.

    A search that found nothing asks it, so that a lost index is not taken for an empty one.
    """
    if not session.one("compare_last_rows")[0] or any(_lacks_a_word(session, chunk) for chunk in _sample(session)):
        raise UnsoundError("its full-text index does not match its chunks")


def _sample(session: Session) -> list[Chunk]:
    """Return the first chunk, the last one and some between."""
    first, last = session.one("find_row_range")
    if first is None:
        return []
    between = [first + (last - first) * step // LOOKED_AT for step in range(LOOKED_AT)]
    rows = [row for at in (*between, last) for (row,) in session.run("find_row_from", row=at)]
    return list(fetch_chunks(session, rows).values())


def _lacks_a_word(session: Session, chunk: Chunk) -> bool:
    """Return whether the full-text index lacks one of a few words of `chunk`."""
    terms = chunk_terms(chunk)
    words = plain_terms([terms.symbol, terms.path, terms.documentation, terms.body])
    asked = {words[0], words[-1], max(words)} if words else set()
    return any(session.run("find_term_frequency", term=word).fetchone() is None for word in asked)


def _match(choice: Choice) -> str:
    """Return the choice as a query of FTS5, whose `bm25` adds up every term of it, a repeated one twice."""
    found, counted = _any_of(choice.finding), _any_of((*choice.finding, *choice.counting))
    return f"({found}) AND ({counted})" if choice.counting else found


def _any_of(terms: Sequence[str]) -> str:
    return " OR ".join([f'"{term}"' for term in terms])


def _rank(session: Session, match: str, filters: Filters, limit: int) -> list[Hit]:
    values = {**_WEIGHTS, "match": match, "limit": limit}
    if filters:
        blocks = ["with_allowed", *filter_blocks(filters), "search_lexical_allowed"]
        rows = session.run(*blocks, **values, **filter_values(filters))
    else:
        rows = session.run("search_lexical", **values)
    return [Hit(row, score) for row, score in rows]


def looks_first(filters: Filters, limit: int) -> bool:
    """Return whether `look_first` may give an answer."""
    only_broad = bool(filters.languages or filters.kinds) and not (filters.paths or filters.symbols)
    return only_broad and limit < FIRST_LOOK


def look_first(session: Session, filters: Filters, limit: int, rank: Callable[[int], list[Hit]]) -> list[Hit] | None:
    """Return the hits of a filtered search if the first FIRST_LOOK of `rank`, without filters, give enough of them.

    A language or a kind often holds for most of the index: listing all its chunks takes longer than the search itself.
    None means that the hits do not suffice, so that these chunks have to be listed.
    """
    if not looks_first(filters, limit):
        return None
    first = rank(FIRST_LOOK)
    rows = json.dumps([hit.row for hit in first])
    blocks = ["with_allowed_among", *filter_blocks(filters), "select_allowed"]
    found = session.run(*blocks, rows=rows, **filter_values(filters))
    allowed = {row for (row,) in found}
    passing = [hit for hit in first if hit.row in allowed]
    return passing[:limit] if len(passing) >= limit or len(first) < FIRST_LOOK else None


def allowed_rows(session: Session, filters: Filters) -> list[Row]:
    """Return the chunk rows that pass `filters`, one a tuple, in no order."""
    return session.run("with_allowed", *filter_blocks(filters), "select_allowed", **filter_values(filters)).fetchall()


def fetch_chunks(session: Session, rows: Sequence[int]) -> dict[int, Chunk]:
    found = session.run("fetch_chunks", rows=json.dumps([int(row) for row in rows]))
    return {row: Chunk._make(fields) for row, *fields in found}
