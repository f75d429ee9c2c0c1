"""Answers a question: all arms at once, fused, ranked, checked against the files, packed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast, get_args

from agent_brain_server.domain.content import Chunk, ChunkPlace, FloatArray
from agent_brain_server.domain.search import Filters, Hits, SearchMode, StageTrace
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import EmbeddingDisabledError, NotFoundError, StorageDamagedError, UnsupportedModeError
from agent_brain_server.retrieval import ranking
from agent_brain_server.retrieval.fusion import Ranked, single
from agent_brain_server.retrieval.graph_question import read_question
from agent_brain_server.retrieval.joining import join_neighbours, lines_between
from agent_brain_server.retrieval.packing import Found, drop_repeats, outline, pack
from agent_brain_server.retrieval.query import Query, understand
from agent_brain_server.retrieval.reasons import reason
from agent_brain_server.services.arms import Arms
from agent_brain_server.services.filters import from_root, unmatched, with_literal_paths
from agent_brain_server.services.freshness import Freshness, Sight
from agent_brain_server.services.graph import GraphService
from agent_brain_server.services.graph_search import ARM, GraphSearch
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.services.refresh import Refresher
from agent_brain_server.storage.filtering import chunk_filter
from agent_brain_server.storage.protocol import ReadStore

MODES: tuple[str, ...] = get_args(SearchMode)
# Each arm is asked for more than the answer holds: ranking needs depth, and repeats fall out after it.
DEPTH_FACTOR = 5
LEAST_DEPTH = 50
LEAST_DEPTH_RANKED = 100
# So many of what the arms have found together are read and ranked.
CANDIDATES_FACTOR = 2
LEAST_CANDIDATES = 60
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

    `truncated`: the token budget left something out. `plan`: how the store found each arm's hits, by arm. `note`: in
    mode graph how the question was read, or why there is nothing; else which filter nothing in the index passes.
    `notice`: that files which were found are gone, and what to do.
    """

    results: tuple[Answer, ...]
    mode: SearchMode
    took_ms: float
    truncated: bool
    plan: dict[str, str]
    note: str = ""
    notice: str = ""


@dataclass(slots=True)
class _Findings:
    """What one pass over the index has found, best first."""

    found: list[Found]
    plan: dict[str, str]
    note: str = ""
    reasons: dict[int, str] = field(default_factory=dict)
    truncated: bool = False


class SearchService:
    """Reads only; `refresher` is told of the files that turned out to have changed.

    `is_watched` says whether changes of files are followed without a question.
    """

    def __init__(
        self,
        store: ReadStore,
        embedder: Embedder,
        freshness: Freshness,
        refresher: Refresher,
        graph: GraphService,
        metrics: Metrics,
        is_watched: Callable[[], bool] = lambda: False,
        steps: Mapping[str, ranking.Step] = ranking.STEPS,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._arms = Arms(store, embedder)
        self._graph = GraphSearch(store, graph)
        self._freshness = freshness
        self._refresher = refresher
        self._metrics = metrics
        self._is_watched = is_watched
        self._steps = steps

    async def search(self, question: Question) -> Answers:
        """The best passages. Raises UnsupportedModeError, EmbeddingDisabledError or EmbeddingProviderError."""
        started = time.perf_counter()
        mode = self._mode(question.mode)
        filters = from_root(question.filters, self._freshness.root.as_posix())
        question = replace(question, filters=await with_literal_paths(self._store, filters))
        vector = await self._arms.embed(question.query) if self._needs_vector(mode) else None

        async def look() -> tuple[_Findings, dict[str, Sight]]:
            return await self._check(question, mode, vector)

        findings, stale = await self._store.beside(look)
        gone = moved = await self._freshness.gone(stale) if stale else frozenset()
        if stale and await self._refresher.refresh(stale):
            findings, stale = await self._store.beside(look)
            gone = await self._freshness.gone(stale) if stale else frozenset()
        seconds = time.perf_counter() - started
        done = self._done(mode)
        self._metrics.observe_query(done, seconds)
        results = tuple(_answer(item, stale, gone, findings.reasons) for item in findings.found)
        note = findings.note
        if not results and question.filters:
            note = await unmatched(self._store, question.filters) or note
        return Answers(results, done, seconds * 1e3, findings.truncated, findings.plan, note, self.notice(moved))

    def notice(self, gone: Collection[str]) -> str:
        """What to do about files that are gone, where nobody would see them come back under another name."""
        if not gone or self._is_watched():
            return ""
        files = "1 file that was found is" if len(gone) == 1 else f"{len(gone)} files that were found are"
        return f"{files} not there any more. If files were moved, run: agent-brain index"

    async def chunk(self, chunk_id: str) -> tuple[Chunk, bool]:
        """The chunk and whether its file has changed since. Raises NotFoundError."""
        chunk = await self._store.find_chunk(chunk_id)
        if chunk is None:
            raise NotFoundError(f"Passage {chunk_id} has changed or was removed. Search again.")
        stale = await self._stale(chunk.path)
        if stale and await self._refresher.refresh(stale):
            again = await self._store.find_chunk(chunk_id)
            return again or chunk, again is None or bool(await self._stale(chunk.path))
        return chunk, bool(stale)

    async def _stale(self, path: str) -> dict[str, Sight]:
        """The file, if it has changed since it was indexed."""
        records = (await self._store.find_files({path})).values()
        return await self._freshness.changed(records) if records else {path: ("no file", time.monotonic())}

    def _mode(self, mode: str) -> SearchMode:
        if mode not in MODES:
            raise UnsupportedModeError(f"Mode {mode} is unknown; use one of {', '.join(MODES)}.", field="mode")
        if mode == "vector" and not self._embedder.model.dimensions:
            raise EmbeddingDisabledError(
                "Mode vector needs an embedding, and this project has none. Use mode bm25, or choose "
                "one: agent-brain setup",
                field="mode",
            )
        return cast(SearchMode, mode)

    def _done(self, mode: SearchMode) -> SearchMode:
        """What is done for `mode`: without an embedding, hybrid has one arm."""
        return "bm25" if mode == "hybrid" and not self._embedder.model.dimensions else mode

    async def _check(
        self, question: Question, mode: SearchMode, vector: FloatArray | None
    ) -> tuple[_Findings, dict[str, Sight]]:
        """What is found, and the files of it that have changed since they were indexed.

        A file that is indexed anew between its passages and its check is not what they were: then all is done again.
        """
        for _ in range(MOST_READS):
            findings = await self._find(question, mode, vector)
            rows = [item.ranked.row for item in findings.found]
            places = await self._store.files_of(rows) if rows else {}
            records = {place.record.path: place.record for place in places.values()}
            stale = await self._freshness.changed(records.values())
            others = {item.chunk.path for item in findings.found if not _is_at(item, places)}
            if not others:
                break
        stale |= {path: ("other rows", time.monotonic()) for path in others}
        findings.found, findings.truncated = await self._pack(question, findings.found)
        return findings, stale

    async def _find(self, question: Question, mode: SearchMode, vector: FloatArray | None) -> _Findings:
        """The best passages, no text twice.

        A file that is written between finding and reading has other rows after it: then both are done again.
        Raise StorageDamagedError where none of the passages that are found can ever be read.
        """
        for _ in range(MOST_READS):
            findings, whole = await (
                self._ask_graph(question) if mode == "graph" else self._ask_arms(question, mode, vector)
            )
            if whole:
                return findings
        if not findings.found:
            raise StorageDamagedError(
                "The index is damaged: it lists passages that it does not have. Run: agent-brain start --reindex"
            )
        return findings

    def _needs_vector(self, mode: SearchMode) -> bool:
        return bool(self._embedder.model.dimensions) and mode in ("vector", "hybrid", "multi")

    async def _ask_graph(self, question: Question) -> tuple[_Findings, bool]:
        told = await self._graph.find(question.query)
        ranked = single(ARM, told.hits)
        chunks = await self._store.fetch_chunks([item.row for item in ranked])
        passes = chunk_filter(question.filters)
        held = (Found(item, chunks[item.row]) for item in ranked if item.row in chunks)
        found = drop_repeats((item for item in held if passes(item.chunk)), question.top_k)
        plan = {ARM: told.hits.path} if told.hits else {}
        return _Findings(found, plan, told.note, told.reasons), len(chunks) == len(ranked)

    async def _ask_arms(
        self, question: Question, mode: SearchMode, vector: FloatArray | None
    ) -> tuple[_Findings, bool]:
        query = understand(question.query)
        least = LEAST_DEPTH if mode in ("bm25", "vector") else LEAST_DEPTH_RANKED
        depth = max(least, question.top_k * DEPTH_FACTOR)
        most = max(LEAST_CANDIDATES, question.top_k * CANDIDATES_FACTOR)
        terms = query_terms(question.query) if mode == "bm25" else query.terms
        arms = dict(await self._arms.ask(self._arm_names(mode), terms, vector, question.filters, depth))
        ranked, chunks, whole = await self._ranked(query, mode, arms, most)
        if mode == "multi":
            arms[ARM] = await self._graph_arm(question, list(ranked), chunks)
            ranked, chunks, whole = await self._ranked(query, mode, arms, most)
        found = drop_repeats((Found(item, chunks[item.row]) for item in ranked), question.top_k)
        return _Findings(found, {arm: hits.path for arm, hits in arms.items() if hits.path}), whole

    def _arm_names(self, mode: SearchMode) -> list[str]:
        if mode in ("bm25", "vector"):
            return [mode]
        return ["bm25", "vector"] if self._embedder.model.dimensions else ["bm25"]

    async def _ranked(
        self, query: Query, mode: SearchMode, arms: Mapping[str, Hits], most: int
    ) -> tuple[Iterable[Ranked], Mapping[int, Chunk], bool]:
        """The candidates in order, their chunks, and whether all were still there. A single arm's order stays."""
        alone = mode in ("bm25", "vector")
        candidates = single(mode, arms[mode]) if alone else ranking.fused(query, arms, most)
        chunks = await self._store.fetch_chunks([item.row for item in candidates])
        held = [item for item in candidates if item.row in chunks]
        return held if alone else ranking.rank(query, held, chunks, self._steps), chunks, len(held) == len(candidates)

    async def _graph_arm(self, question: Question, ranked: Sequence[Ranked], chunks: Mapping[int, Chunk]) -> Hits:
        """What the question asks of the graph, else the neighbours of the best passages."""
        asked = read_question(question.query)
        if asked is not None and asked.relation != "definitions":
            hits = (await self._graph.find(question.query)).hits
        else:
            hits = await self._graph.neighbours([(item, chunks[item.row]) for item in ranked])
        if not question.filters:
            return hits
        passes = chunk_filter(question.filters)
        held = await self._store.fetch_chunks([hit.row for hit in hits])
        return Hits((hit for hit in hits if hit.row in held and passes(held[hit.row])), hits.path)

    async def _pack(self, question: Question, found: Sequence[Found]) -> tuple[list[Found], bool]:
        """The passages within the budget; with one, those that touch are joined, which spares their heads."""
        if question.outlined:
            return pack(outline(found), question.max_tokens)
        if question.max_tokens is None:
            return list(found), False
        between = lines_between(found)
        held = await self._store.rows_at(between) if between else {}
        return pack(join_neighbours(found, between - held.keys()), question.max_tokens)


def _is_at(item: Found, places: Mapping[int, ChunkPlace]) -> bool:
    """Whether the chunk still is where it was read."""
    place = places.get(item.ranked.row)
    return place is not None and place[1:] == (item.chunk.start_line, item.chunk.end_line)


def _answer(item: Found, stale: Collection[str], gone: Collection[str], reasons: Mapping[int, str]) -> Answer:
    trace, path = item.ranked.trace, item.chunk.path
    said = reasons.get(item.ranked.row) or reason(trace, item.chunk)
    return Answer(item.chunk, item.ranked.score, path in stale, path in gone, trace, said)
