"""Answers a question: all arms at once, fused, ranked, checked against the files, packed."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.search import Filters, Hits, SearchMode, StageTrace
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import EmbeddingDisabledError, NotFoundError, UnsupportedModeError
from agent_brain_server.retrieval import ranking
from agent_brain_server.retrieval.fusion import Ranked, single
from agent_brain_server.retrieval.joining import join_neighbours, lines_between
from agent_brain_server.retrieval.packing import Found, drop_repeats, outline, pack
from agent_brain_server.retrieval.query import Query, understand
from agent_brain_server.services.arms import Arms
from agent_brain_server.services.freshness import Freshness
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.services.refresh import Refresher
from agent_brain_server.storage.protocol import SearchStore

MODES: tuple[str, ...] = get_args(SearchMode)
# Each arm is asked for more than the answer holds: ranking needs depth, and repeats fall out after it.
DEPTH_FACTOR = 5
LEAST_DEPTH = 100
MOST_READS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `max_tokens` None is no bound; `outlined` asks for signatures instead of text."""

    query: str
    mode: str
    top_k: int
    filters: Filters
    max_tokens: int | None
    outlined: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One passage and how it came here."""

    chunk: Chunk
    score: float
    stale: bool
    trace: StageTrace


@dataclass(frozen=True, slots=True)
class Answers:
    """Best first. `mode` is what was done: bm25 for hybrid without embedding.

    `truncated`: the token budget left something out. `plan`: how the store found each arm's hits, by arm.
    """

    results: tuple[Answer, ...]
    mode: SearchMode
    took_ms: float
    truncated: bool
    plan: dict[str, str]


class SearchService:
    """Reads only; `refresher` is told of the files that turned out to have changed."""

    def __init__(
        self,
        store: SearchStore,
        embedder: Embedder,
        freshness: Freshness,
        refresher: Refresher,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._arms = Arms(store, embedder)
        self._freshness = freshness
        self._refresher = refresher
        self._metrics = metrics

    async def search(self, question: Question) -> Answers:
        """The best passages. Raises UnsupportedModeError, EmbeddingDisabledError or EmbeddingProviderError."""
        started = time.perf_counter()
        mode = self._mode(question.mode)
        found, plan = await self._find(question, mode)
        stale = await self._freshness.stale_paths({item.chunk.path for item in found})
        if stale and await self._refresher.refresh(stale):
            found, plan = await self._find(question, mode)
            stale = await self._freshness.stale_paths({item.chunk.path for item in found})
        packed, truncated = await self._pack(question, found)
        seconds = time.perf_counter() - started
        self._metrics.observe_query(self._done(mode), seconds)
        results = tuple(
            Answer(item.chunk, item.ranked.score, item.chunk.path in stale, item.ranked.trace) for item in packed
        )
        return Answers(results, self._done(mode), seconds * 1e3, truncated, plan)

    async def chunk(self, chunk_id: str) -> tuple[Chunk, bool]:
        """The chunk and whether its file has changed since. Raises NotFoundError."""
        chunk = await self._store.find_chunk(chunk_id)
        if chunk is None:
            raise NotFoundError(f"No chunk {chunk_id}: it has changed or gone since. Search again.")
        stale = await self._freshness.stale_paths({chunk.path})
        if stale:
            await self._refresher.refresh(stale)
        return chunk, bool(stale)

    def _mode(self, mode: str) -> SearchMode:
        if mode not in MODES:
            raise UnsupportedModeError(
                f"Mode {mode} is not answered here; use one of {', '.join(MODES)}.", field="mode"
            )
        if mode == "vector" and not self._embedder.model.dimensions:
            raise EmbeddingDisabledError(
                "Mode vector needs an embedding, and embedding.provider is none; use mode bm25, or set a provider.",
                field="mode",
            )
        return cast(SearchMode, mode)

    async def _find(self, question: Question, mode: SearchMode) -> tuple[list[Found], dict[str, str]]:
        """The best passages, no text twice, and how the store found them.

        A file that is written between finding and reading has other rows after it: then both are done again.
        """
        query = understand(question.query)
        names = self._arm_names(mode)
        vector = await self._arms.embed(question.query) if "vector" in names else None
        depth = max(LEAST_DEPTH, question.top_k * DEPTH_FACTOR)
        terms = query_terms(question.query) if mode == "bm25" else query.terms
        for _ in range(MOST_READS):
            arms = await self._arms.ask(names, terms, vector, question.filters, depth)
            candidates = _candidates(query, mode, arms)
            chunks = await self._store.fetch_chunks([ranked.row for ranked in candidates])
            if all(ranked.row in chunks for ranked in candidates):
                break
        ranked = _ordered(query, mode, candidates, chunks)
        found = drop_repeats(Found(item, chunks[item.row]) for item in ranked)
        return found[: question.top_k], {arm: hits.path for arm, hits in arms.items() if hits.path}

    def _done(self, mode: SearchMode) -> SearchMode:
        """What is done for `mode`: without an embedding, hybrid has one arm."""
        return "bm25" if mode == "hybrid" and not self._embedder.model.dimensions else mode

    def _arm_names(self, mode: SearchMode) -> list[str]:
        if mode in ("bm25", "vector"):
            return [mode]
        return ["bm25", "vector"] if self._embedder.model.dimensions else ["bm25"]

    async def _pack(self, question: Question, found: Sequence[Found]) -> tuple[list[Found], bool]:
        """The passages within the budget; with one, those that touch are joined, which spares their heads."""
        if question.outlined:
            return pack(outline(found), question.max_tokens)
        if question.max_tokens is None:
            return list(found), False
        between = lines_between(found)
        held = await self._store.rows_at(between) if between else {}
        return pack(join_neighbours(found, between - held.keys()), question.max_tokens)


def _candidates(query: Query, mode: SearchMode, arms: Mapping[str, Hits]) -> Sequence[Ranked]:
    if mode in ("bm25", "vector"):
        return single(mode, arms[mode])
    return ranking.fused(query, arms)


def _ordered(
    query: Query, mode: SearchMode, candidates: Sequence[Ranked], chunks: Mapping[int, Chunk]
) -> Sequence[Ranked]:
    """A single arm's own order stays as it is."""
    if mode in ("bm25", "vector"):
        return [ranked for ranked in candidates if ranked.row in chunks]
    return ranking.rank(query, candidates, chunks)
