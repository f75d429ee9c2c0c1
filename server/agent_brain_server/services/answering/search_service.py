"""Answers a question: embed it, search one state of the index, refresh what turns out to have changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import cast, get_args

from agent_brain_server.domain.content import Chunk, FloatArray
from agent_brain_server.domain.hits import SearchMode, StageTrace
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import (
    EmbeddingDisabledError,
    EmbeddingProviderError,
    NotFoundError,
    UnsupportedModeError,
)
from agent_brain_server.retrieval.packing.pack import RankedPassage
from agent_brain_server.retrieval.ranking.reasons import reason
from agent_brain_server.retrieval.ranking.steps import STEPS, Step
from agent_brain_server.services.answering.freshness import Freshness
from agent_brain_server.services.answering.refresh import Refresher
from agent_brain_server.services.answering.search_pass import Findings, Question, SearchContext, chunk_pass, search_pass
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.storage.view import ReadStore

MODES: tuple[str, ...] = get_args(SearchMode)
QUESTION_EMBEDDING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One passage, how it came here, and why in words. `gone`: it is stale because its file is not there any more."""

    chunk: Chunk
    score: float
    stale: bool
    gone: bool
    trace: StageTrace
    reason: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Best first. `mode` is what was done: bm25 for hybrid without embedding.

    `truncated`: the token budget left something out. `strategies`: how the store found the hits, by retriever.
    `note`: in mode graph how the question was read, or why there is nothing; else which filter nothing passes.
    `notice`: that files which were found are gone, and what to do.
    """

    results: tuple[Answer, ...]
    mode: SearchMode
    took_ms: float
    truncated: bool
    strategies: dict[str, str]
    note: str = ""
    notice: str = ""


class SearchService:
    """Reads only; `refresher` is given the files that turn out to have changed.

    `is_watched` says whether changes of files are followed without a question.
    """

    def __init__(
        self,
        store: ReadStore,
        embedder: Embedder,
        freshness: Freshness,
        refresher: Refresher,
        metrics: Metrics,
        is_watched: Callable[[], bool] = lambda: False,
        steps: Mapping[str, Step] = STEPS,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._refresher = refresher
        self._metrics = metrics
        self._is_watched = is_watched
        self._context = SearchContext(freshness, steps, embedded=bool(embedder.model.dimensions))

    async def search(self, question: Question) -> Answers:
        """Return the best passages. Raise UnsupportedModeError, EmbeddingDisabledError or EmbeddingProviderError."""
        started = time.perf_counter()
        self._require_mode(question.mode)
        vector = await self._embed(question.query) if self._needs_vector(question.mode) else None
        run = partial(search_pass, question=question, vector=vector, context=self._context)
        first = findings = await self._store.read(run)
        if first.stale and await self._refresher.refresh(first.stale):
            findings = await self._store.read(run)
        seconds = time.perf_counter() - started
        done = self._done(question.mode)
        self._metrics.observe_query(done, seconds)
        results = tuple(_answer(item, findings) for item in findings.found)
        notice = self.notice(first.gone)
        return Answers(results, done, seconds * 1e3, findings.truncated, findings.strategies, findings.note, notice)

    async def _embed(self, text: str) -> FloatArray | None:
        """Return the question's vector, None where it has no content. Raise EmbeddingProviderError within 10 s."""
        try:
            async with asyncio.timeout(QUESTION_EMBEDDING_SECONDS):
                vectors = await self._embedder.embed([text])
        except TimeoutError as error:
            raise EmbeddingProviderError(
                f"The embedding endpoint ({self._embedder.model.name}) has not answered for"
                f" {QUESTION_EMBEDDING_SECONDS:g} s; mode bm25 works without it."
            ) from error
        return vectors[0] if vectors[0].any() else None

    def notice(self, gone: Collection[str]) -> str:
        """Return what to do about files that are gone, where no watcher sees them under another name."""
        if not gone or self._is_watched():
            return ""
        files = "1 file that was found is" if len(gone) == 1 else f"{len(gone)} files that were found are"
        return f"{files} not there any more. If files were moved, run: agent-brain index"

    async def chunk(self, chunk_id: str) -> tuple[Chunk, bool]:
        """Return the chunk and whether its file has changed since. Raise NotFoundError."""
        run = partial(chunk_pass, chunk_id=chunk_id, freshness=self._context.freshness)
        chunk, stale = await self._store.read(run)
        if chunk is None:
            raise NotFoundError(f"Passage {chunk_id} has changed or was removed. Search again.")
        if stale and await self._refresher.refresh(stale):
            again, stale = await self._store.read(run)
            return again or chunk, again is None or bool(stale)
        return chunk, bool(stale)

    def _require_mode(self, mode: str) -> None:
        if mode not in MODES:
            raise UnsupportedModeError(f"Mode {mode} is unknown; use one of {', '.join(MODES)}.", field="mode")
        if mode == "vector" and not self._embedder.model.dimensions:
            raise EmbeddingDisabledError(
                "Mode vector needs an embedding, and this project has none. Use mode bm25, or choose "
                "one: agent-brain setup",
                field="mode",
            )

    def _done(self, mode: str) -> SearchMode:
        """Return what is done for `mode`: without an embedding, hybrid has one retriever."""
        return "bm25" if mode == "hybrid" and not self._context.embedded else cast(SearchMode, mode)

    def _needs_vector(self, mode: str) -> bool:
        return self._context.embedded and mode in ("vector", "hybrid", "multi")


def _answer(item: RankedPassage, findings: Findings) -> Answer:
    trace, path = item.ranked.trace, item.chunk.path
    said = findings.reasons.get(item.ranked.row) or reason(trace, item.chunk)
    return Answer(item.chunk, item.ranked.score, path in findings.stale, path in findings.gone, trace, said)
