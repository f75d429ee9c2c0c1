"""Terms as PostgreSQL's text search holds them.

A lexeme begins with a few digits of the project's id: all projects share one index, and each has its own lists in it.
The positions of a lexeme are not places in a text but count its occurrences, each labelled with its field: `A` symbol,
`B` path, `C` documentation, `D` body. So `ts_rank_cd` with the fields' weights, for a query of one lexeme, is the
weighted count of it: each occurrence makes a cover of its own.
"""

from __future__ import annotations

from agent_brain_server.domain.content import Terms

PREFIX_DIGITS = 3
MOST_POSITIONS = 255  # PostgreSQL keeps no more for one lexeme


class Counts(dict[str, list[str]]):
    """The labels of each term's occurrences; `total` is how many terms there are altogether."""

    total: int = 0


class Lexemes:
    """The lexemes of one project."""

    def __init__(self, project_id: str) -> None:
        self._prefix = project_id[:PREFIX_DIGITS]

    def of(self, term: str) -> str:
        """Return the lexeme of a term."""
        return self._prefix + term

    def query(self, term: str) -> str:
        """Return the lexeme as text of a `tsquery` or `tsvector`; a term holds neither quotes nor backslashes."""
        return f"'{self._prefix}{term}'"


def count_terms(terms: Terms) -> Counts:
    """Count the occurrences of each term by field."""
    counts = Counts()
    for label, text in (("A", terms.symbol), ("B", terms.path), ("C", terms.documentation), ("D", terms.body)):
        words = text.split()
        counts.total += len(words)
        for word in words:
            counts.setdefault(word, []).append(label)
    return counts


def tsvector(counts: Counts, lexemes: Lexemes) -> str:
    """Return the text of a `tsvector`."""
    return " ".join([f"{lexemes.query(term)}:{_positions(labels)}" for term, labels in counts.items()])


def _positions(labels: list[str]) -> str:
    return ",".join([f"{number}{label}" for number, label in enumerate(labels[:MOST_POSITIONS], 1)])
