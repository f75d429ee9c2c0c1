"""Reading the index."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations

from agent_brain_server.domain.content import IndexStatistics
from agent_brain_server.domain.hits import Filters, Hit, Hits
from agent_brain_server.storage import lexical
from agent_brain_server.storage.lexical import Choice, choose_terms, plain_terms, selective_terms
from agent_brain_server.storage.postgres.filters import PathCache, filter_blocks, filter_values
from agent_brain_server.storage.postgres.lexemes import Lexemes
from agent_brain_server.storage.postgres.session import Session

LEXICAL_STRATEGY = "gin"
# So many chunks that hold the rarest terms are scored; from the others only those with two terms of the question.
CANDIDATES = 1_000
MOST_RARE = 5_000
MOST_PAIRED = 8
MOST_SCORED = 48
MOST_EXACT_TERMS = 16
MOST_TIMES_IDF = 2.2  # BM25 with k1 = 1.2: a term adds less than that often its idf


@dataclass(frozen=True, slots=True)
class State:
    """The size of the project's index, and its generation: the number of changes."""

    generation: int
    chunks: int
    terms: int
    guarded: bool  # whether row level security binds this role


def search_lexical(session: Session, paths: PathCache, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
    """Return hits with the scores that SQLite's `bm25` gives the same chunks.

    Not every chunk that holds a term is scored. In an index of more than MANY_MATCHES chunks, and for a question of
    more than MOST_EXACT_TERMS terms, it is enough to find `limit` promising ones; else no other can be better.
    """
    asked = plain_terms(terms)
    if not asked or limit <= 0:
        return Hits()
    state, frequencies = _frequencies(session, asked)
    choice = _choose(frequencies, state.chunks, filters, limit)
    frequencies = {term: frequencies[term] for term in (*choice.finding, *choice.counting)}
    if not frequencies:
        return Hits((), LEXICAL_STRATEGY)
    values = filter_values(session, paths, state.generation, filters)
    search = _LexicalSearch(session, state, choice, frequencies, filters, values, limit)
    return Hits(search.run(), LEXICAL_STRATEGY)


def _choose(frequencies: Mapping[str, int], chunks: int, filters: Filters, limit: int) -> Choice:
    """Choose the terms of a search. A filter leaves few chunks: then every term may find one of them."""
    if not filters:
        return choose_terms(frequencies, chunks, limit)
    return Choice(tuple(selective_terms(frequencies, chunks)))


def _frequencies(session: Session, asked: Sequence[str]) -> tuple[State, dict[str, int]]:
    """Return the state, and each term's document frequency in the order of `asked`, without those of 0."""
    lexemes = [Lexemes(session.project_id).of(term) for term in asked]
    rows = session.rows("find_frequencies", lexemes=lexemes)
    found = {lexeme: chunks for *_, lexeme, chunks in rows}
    state = State(*rows[0][:4])
    return state, {term: found[lexeme] for term, lexeme in zip(asked, lexemes, strict=True) if lexeme in found}


@dataclass(frozen=True, slots=True)
class _LexicalSearch:
    session: Session
    state: State
    choice: Choice
    frequencies: Mapping[str, int]
    filters: Filters
    values: Mapping[str, object]
    limit: int

    def run(self) -> list[Hit]:
        """Rank the promising chunks first, if that is worth it, and all if a better one may be left out."""
        lexemes = Lexemes(self.session.project_id)
        if not self.choice.counting and sum(self.frequencies.values()) > CANDIDATES:
            promising = Promising.choose(self.frequencies)
            found = self._rank(promising.match(lexemes))
            if len(found) >= self.limit and (
                self._may_be_approximate() or found[-1].score > MOST_TIMES_IDF * promising.bound(self._idf)
            ):
                return found
        return self._rank(" | ".join([lexemes.query(term) for term in self.choice.finding]))

    def _may_be_approximate(self) -> bool:
        return self.state.chunks > lexical.MANY_MATCHES or len(self.frequencies) > MOST_EXACT_TERMS

    def _rank(self, match: str) -> list[Hit]:
        """Score the chunks that `match`, a `tsquery` as text, and that pass the filters."""
        terms = dict(enumerate(self._scored(), 1))
        rows = self.session.rows(
            *self._blocks(terms),
            match=match,
            limit=self.limit,
            average=self.state.terms / max(self.state.chunks, 1) or 1.0,
            **{f"term_{slot}": Lexemes(self.session.project_id).query(term) for slot, term in terms.items()},
            **{f"idf_{slot}": self._weight(term) for slot, term in terms.items()},
            **self.values,
        )
        return [Hit(row, score) for row, score in rows]

    def _blocks(self, slots: Iterable[int]) -> list[str]:
        """Return the blocks of the statement, with two for each term.

        Terms in arrays, read by `unnest` for each chunk, need one block only, and took 7 to 18 % longer at the median.
        """
        allowed = ["with_allowed", *filter_blocks(self.filters), "end_allowed"] if self.filters else []
        return [
            "search_lexical",
            *[f"score_term:{slot}" for slot in slots],
            "search_lexical_from",
            *[f"weigh_term:{slot}" for slot in slots],
            "search_lexical_guarded" if self.state.guarded else "search_lexical_matching",
            *allowed,
            "search_lexical_ordered",
        ]

    def _scored(self) -> Sequence[str]:
        """Return the terms that add to a score: of very many, the MOST_SCORED rarest."""
        terms = list(self.frequencies)
        return terms if len(terms) <= MOST_SCORED else sorted(terms, key=self.frequencies.__getitem__)[:MOST_SCORED]

    def _weight(self, term: str) -> float:
        return self._idf(term) * (self.choice.weight if term in self.choice.finding else 1.0)

    def _idf(self, term: str) -> float:
        """Return the inverse document frequency as SQLite's `bm25` computes it: never zero or less."""
        holding = self.frequencies[term]
        return max(math.log((self.state.chunks - holding + 0.5) / (holding + 0.5)), 1e-6)


@dataclass(frozen=True, slots=True)
class Promising:
    """The terms of a question by rarity: a chunk is promising that holds one of `rare`, or two of `paired`."""

    rare: Sequence[str]
    paired: Sequence[str]
    common: Sequence[str]

    @classmethod
    def choose(cls, frequencies: Mapping[str, int]) -> Promising:
        """Take as many rare terms as CANDIDATES chunks hold, at least one that MOST_RARE hold or that is alone."""
        terms = sorted(frequencies, key=lambda term: frequencies[term])
        rare = sum(total <= CANDIDATES for total in accumulate(frequencies[term] for term in terms))
        if not rare and (frequencies[terms[0]] <= MOST_RARE or len(terms) == 1):
            rare = 1
        return cls(terms[:rare], terms[rare : rare + MOST_PAIRED], terms[rare + MOST_PAIRED :])

    def match(self, lexemes: Lexemes) -> str:
        """Return the promising chunks as the text of a `tsquery`."""
        pairs = [f"{one} & {other}" for one, other in combinations(map(lexemes.query, self.paired), 2)]
        return " | ".join([*map(lexemes.query, self.rare), *pairs])

    def bound(self, idf: Callable[[str], float]) -> float:
        """Return an upper bound of any other chunk's idf sum: it holds one of `paired`, and none of `rare`."""
        return max(map(idf, self.paired), default=0.0) + sum(map(idf, self.common))


def count_all(session: Session) -> IndexStatistics:
    (files,) = session.one("count_files")
    (size,) = session.one("measure_tables")
    languages = {language: int(count) for language, count in session.rows("count_languages")}
    chunks, vectors, embedded = session.one("count_all")
    return IndexStatistics(files, chunks, vectors, int(size), embedded, languages)
