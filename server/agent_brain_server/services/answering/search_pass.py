"""One search over one state of the index: retrieve, rank, compare with the files, pack.

Plain functions: they run in the thread of a view (see `ReadStore.read`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent_brain_server.domain.content import Chunk, FloatArray
from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.errors import StorageDamagedError
from agent_brain_server.retrieval.code_graph.question import read_question
from agent_brain_server.retrieval.packing.joining import join_neighbours, lines_between
from agent_brain_server.retrieval.packing.pack import RankedPassage, drop_repeats, outline, pack
from agent_brain_server.retrieval.ranking.fusion import Ranked, single
from agent_brain_server.retrieval.ranking.query import Query, understand
from agent_brain_server.retrieval.ranking.steps import Step, fused, rank
from agent_brain_server.services.answering import graph_retriever
from agent_brain_server.services.answering.filters import from_root, unmatched, with_literal_paths
from agent_brain_server.services.answering.freshness import Freshness, Sight
from agent_brain_server.services.answering.graph_retriever import GRAPH
from agent_brain_server.storage.filtering import chunk_filter
from agent_brain_server.storage.view import SearchView, View

# Each retriever is asked for more than the answer holds: ranking needs depth, and repeats fall out after it.
DEPTH_FACTOR = 5
LEAST_DEPTH = 50
LEAST_DEPTH_RANKED = 100
# So many of what the retrievers have found together are read and ranked.
CANDIDATES_FACTOR = 2
LEAST_CANDIDATES = 60
SINGLE = ("bm25", "vector")
"""The modes of one retriever, whose order stays as it is."""


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
class SearchContext:
    """What every pass uses: the files' state, the ranking steps, and whether the index is embedded."""

    freshness: Freshness
    steps: Mapping[str, Step]
    embedded: bool


@dataclass(slots=True)
class Findings:
    """What one pass has found, best first, and the strategy of each retriever.

    `reasons` are those of mode graph, by row. `stale` are the found files that have changed since they were indexed, of
    these `gone` those that are not there any more.
    """

    found: list[RankedPassage]
    strategies: dict[str, str]
    note: str = ""
    reasons: dict[int, str] = field(default_factory=dict)
    truncated: bool = False
    stale: dict[str, Sight] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


def search_pass(view: View, question: Question, vector: FloatArray | None, context: SearchContext) -> Findings:
    """Return the best passages of this state of the index, no text twice, within the token budget.

    Raise StorageDamagedError where none of the passages that are listed can be read.
    """
    asked = from_root(question.filters, context.freshness.root.as_posix())
    filters = with_literal_paths(view.search, asked)
    question = replace(question, filters=filters)
    findings = _from_graph(view, question) if question.mode == "graph" else _ranked(view, question, vector, context)
    _check_files(view.search, findings, context.freshness)
    findings.found, findings.truncated = _pack(view, question, findings.found)
    if not findings.found and filters:
        findings.note = unmatched(view, filters) or findings.note
    return findings


def chunk_pass(view: View, chunk_id: str, freshness: Freshness) -> tuple[Chunk | None, dict[str, Sight]]:
    """Return the chunk, if there is one, and its file if that has changed since it was indexed."""
    chunk = view.search.find_chunk(chunk_id)
    return chunk, freshness.changed(view.search.find_files({chunk.path}).values()) if chunk else {}


def _check_files(search: SearchView, findings: Findings, freshness: Freshness) -> None:
    """Note which of the found files have changed since they were indexed."""
    paths = {item.chunk.path for item in findings.found}
    if paths:
        findings.stale = freshness.changed(search.find_files(paths).values())
        findings.gone = freshness.gone(findings.stale)


def _from_graph(view: View, question: Question) -> Findings:
    """Answer a question about a symbol from the code graph alone."""
    answer = graph_retriever.find(view, question.query)
    ranked = single(GRAPH, answer.hits)
    chunks = _fetch(view.search, ranked)
    passes = chunk_filter(question.filters)
    held = (RankedPassage(item, chunks[item.row]) for item in ranked if item.row in chunks)
    found = drop_repeats((item for item in held if passes(item.chunk)), question.top_k)
    return Findings(found, {GRAPH: answer.hits.strategy} if answer.hits else {}, answer.note, answer.reasons)


def _ranked(view: View, question: Question, vector: FloatArray | None, context: SearchContext) -> Findings:
    """Fuse what the retrievers of the mode find, and rank it. In mode multi, the graph then adds a retriever."""
    query = understand(question.query)
    most = max(LEAST_CANDIDATES, question.top_k * CANDIDATES_FACTOR)
    hits = _retrieve(view.search, question, query, vector, context.embedded)
    if question.mode in SINGLE:
        candidates = single(question.mode, hits[question.mode])
        chunks = _fetch(view.search, candidates)
        ranked: Iterable[Ranked] = [item for item in candidates if item.row in chunks]
    else:
        ranked, chunks = _rank(view.search, query, hits, most, context.steps)
    if question.mode == "multi":
        hits[GRAPH] = _from_neighbours(view, question, list(ranked), chunks)
        ranked, chunks = _rank(view.search, query, hits, most, context.steps)
    found = drop_repeats((RankedPassage(item, chunks[item.row]) for item in ranked), question.top_k)
    return Findings(found, {retriever: held.strategy for retriever, held in hits.items() if held.strategy})


def _rank(
    search: SearchView, query: Query, hits: Mapping[str, Hits], most: int, steps: Mapping[str, Step]
) -> tuple[Iterable[Ranked], dict[int, Chunk]]:
    """Return the best `most` of all retrievers in order, and their chunks."""
    candidates = fused(query, hits, most)
    chunks = _fetch(search, candidates)
    return rank(query, candidates, chunks, steps), chunks


def _retrieve(
    search: SearchView, question: Question, query: Query, vector: FloatArray | None, embedded: bool
) -> dict[str, Hits]:
    """Return the hits of each retriever of the mode; those by vector are none for a question without content."""
    mode, filters = question.mode, question.filters
    least = LEAST_DEPTH if mode in SINGLE else LEAST_DEPTH_RANKED
    depth = max(least, question.top_k * DEPTH_FACTOR)
    if mode == "vector":
        return {"vector": Hits() if vector is None else search.vector(vector, filters, depth)}
    terms = query_terms(question.query) if mode == "bm25" else query.terms
    if mode == "bm25" or not embedded:
        return {"bm25": search.lexical(terms, filters, depth)}
    if vector is None:
        return {"bm25": search.lexical(terms, filters, depth), "vector": Hits()}
    lexical, nearest = search.both(terms, vector, filters, depth)
    return {"bm25": lexical, "vector": nearest}


def _from_neighbours(view: View, question: Question, ranked: Sequence[Ranked], chunks: Mapping[int, Chunk]) -> Hits:
    """Return what the question asks of the graph, else the neighbours of the best passages."""
    asked = read_question(question.query)
    if asked is not None and asked.relation != "definitions":
        hits = graph_retriever.find(view, question.query).hits
    else:
        hits = graph_retriever.neighbours(view, [(item, chunks[item.row]) for item in ranked])
    if not question.filters:
        return hits
    passes = chunk_filter(question.filters)
    held = view.search.fetch_chunks([hit.row for hit in hits])
    return Hits((hit for hit in hits if hit.row in held and passes(held[hit.row])), hits.strategy)


def _fetch(search: SearchView, ranked: Sequence[Ranked]) -> dict[int, Chunk]:
    """Return the chunks of these rows. Raise StorageDamagedError where the index has none of those that it lists."""
    chunks = search.fetch_chunks([item.row for item in ranked])
    if ranked and not chunks:
        raise StorageDamagedError(
            "The index is damaged: it lists passages that it does not have. Run: agent-brain start --reindex"
        )
    return chunks


def _pack(view: View, question: Question, found: Sequence[RankedPassage]) -> tuple[list[RankedPassage], bool]:
    """Return the passages within the budget; with one, those that touch are joined, which spares their heads."""
    if question.outlined:
        return pack(outline(found), question.max_tokens)
    if question.max_tokens is None:
        return list(found), False
    between = lines_between(found)
    held = view.graph.rows_at(between) if between else {}
    return pack(join_neighbours(found, between - held.keys()), question.max_tokens)
