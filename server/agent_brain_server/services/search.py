"""Answers a question: both arms at once, fused, packed, checked against the files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.search import Filters, Hits, SearchMode, StageTrace
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import (
    EmbeddingDisabledError,
    EmbeddingProviderError,
    NotFoundError,
    UnsupportedModeError,
)
from agent_brain_server.retrieval.fusion import Ranked, fuse, single
from agent_brain_server.retrieval.packing import Found, drop_repeats, pack
from agent_brain_server.services.freshness import Freshness
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.storage.protocol import SearchStore

MODES: tuple[str, ...] = get_args(SearchMode)
# Each arm is asked for more than the answer holds: fusion needs depth, and repeats fall out after it.
DEPTH_FACTOR = 5
LEAST_DEPTH = 50
QUESTION_EMBEDDING_SECONDS = 10.0
MOST_READS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `max_tokens` None is no bound."""

    query: str
    mode: str
    top_k: int
    filters: Filters
    max_tokens: int | None


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
    """Reads only; `refresh` is told of the files that turned out to have changed."""

    def __init__(
        self,
        store: SearchStore,
        embedder: Embedder,
        freshness: Freshness,
        refresh: Callable[[Collection[str]], None],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._freshness = freshness
        self._refresh = refresh
        self._metrics = metrics

    async def search(self, question: Question) -> Answers:
        """The best passages. Raises UnsupportedModeError, EmbeddingDisabledError or EmbeddingProviderError."""
        started = time.perf_counter()
        mode = self._mode(question.mode)
        depth = max(LEAST_DEPTH, question.top_k * DEPTH_FACTOR)
        arms, ranking, chunks = await self._ranked_chunks(question, mode, depth)
        found = drop_repeats(Found(ranked, chunks[ranked.row]) for ranked in ranking if ranked.row in chunks)
        packed, truncated = pack(found[: question.top_k], question.max_tokens)
        stale = await self._check({item.chunk.path for item in packed})
        seconds = time.perf_counter() - started
        self._metrics.observe_query(mode, seconds)
        results = tuple(
            Answer(item.chunk, item.ranked.score, item.chunk.path in stale, item.ranked.trace) for item in packed
        )
        plan = {arm: hits.path for arm, hits in arms.items() if hits.path}
        return Answers(results, mode, seconds * 1e3, truncated, plan)

    async def chunk(self, chunk_id: str) -> tuple[Chunk, bool]:
        """The chunk and whether its file has changed since. Raises NotFoundError."""
        chunk = await self._store.find_chunk(chunk_id)
        if chunk is None:
            raise NotFoundError(f"No chunk {chunk_id}: it has changed or gone since. Search again.")
        return chunk, bool(await self._check({chunk.path}))

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
        if mode == "hybrid" and not self._embedder.model.dimensions:
            return "bm25"
        return cast(SearchMode, mode)

    async def _ranked_chunks(
        self, question: Question, mode: SearchMode, depth: int
    ) -> tuple[dict[str, Hits], Sequence[Ranked], dict[int, Chunk]]:
        """What each arm found, the ranking of it, and its chunks by row.

        A file that is written between the two reads has other rows after it: then both are done again.
        """
        for _ in range(MOST_READS):
            arms = await self._ask(question, mode, depth)
            ranking = _rank(arms)[:depth]
            chunks = await self._store.fetch_chunks([ranked.row for ranked in ranking])
            if all(ranked.row in chunks for ranked in ranking):
                break
        return arms, ranking, chunks

    async def _ask(self, question: Question, mode: SearchMode, depth: int) -> dict[str, Hits]:
        if mode == "bm25":
            return {"bm25": await self._lexical(question, depth)}
        if mode == "vector":
            return {"vector": await self._nearest(question, depth)}
        lexical, nearest = await asyncio.gather(self._lexical(question, depth), self._nearest(question, depth))
        return {"bm25": lexical, "vector": nearest}

    async def _lexical(self, question: Question, depth: int) -> Hits:
        return await self._store.search_lexical(query_terms(question.query), question.filters, depth)

    async def _nearest(self, question: Question, depth: int) -> Hits:
        try:
            async with asyncio.timeout(QUESTION_EMBEDDING_SECONDS):
                vectors = await self._embedder.embed([question.query])
        except TimeoutError as error:
            raise EmbeddingProviderError(
                f"The embedding endpoint ({self._embedder.model.name}) has not answered for"
                f" {QUESTION_EMBEDDING_SECONDS:g} s; mode bm25 works without it."
            ) from error
        if not vectors[0].any():
            return Hits()
        return await self._store.search_vector(vectors[0], question.filters, depth)

    async def _check(self, paths: Collection[str]) -> set[str]:
        stale = await self._freshness.stale_paths(paths) if paths else set()
        if stale:
            self._refresh(stale)
        return stale


def _rank(arms: Mapping[str, Hits]) -> Sequence[Ranked]:
    if len(arms) > 1:
        return fuse(arms)
    ((arm, hits),) = arms.items()
    return single(arm, hits)
