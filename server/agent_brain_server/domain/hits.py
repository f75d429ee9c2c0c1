"""What a search is asked and what it answers, between services and stores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

SearchMode = Literal["bm25", "vector", "hybrid", "graph", "multi"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions applied inside the search. Values of one field are alternatives, the fields must all hold.

    `paths` are globs (see `domain.globs`); `symbols` match a qualified name or its last parts.
    """

    paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.languages or self.kinds or self.symbols)


class Hit(NamedTuple):
    """One chunk found by one retriever: `row` is the store's own key; a higher `score` is better."""

    row: int
    score: float


class Hits(list[Hit]):
    """Hits, best first; two are equal when their hits are equal.

    `strategy` says how the store found them, such as "gin" or "hnsw, then exact"; empty where nothing was looked up.
    """

    def __init__(self, hits: Iterable[Hit] = (), strategy: str = "") -> None:
        super().__init__(hits)
        self.strategy = strategy


class StageTrace(NamedTuple):
    """The ranks (from 1) and scores of a result, by stage."""

    ranks: dict[str, int]
    scores: dict[str, float]
