"""The code graph as a retriever: what a question about it asks for, and the neighbours of strong hits.

Plain functions on one state of the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.code_graph import LocatedDefinition
from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import Hit, Hits
from agent_brain_server.retrieval.code_graph.guessing import Certainty
from agent_brain_server.retrieval.code_graph.question import GraphQuestion, read_question
from agent_brain_server.retrieval.ranking.fusion import Ranked
from agent_brain_server.services.answering.edges import Edge, incoming, outgoing
from agent_brain_server.services.answering.graph_answer import DEEPEST, GraphAnswer, Node, answer, definitions_at
from agent_brain_server.storage.view import View

GRAPH = "graph"
SEEDS = 5
MOST_USES = 10  # what is used more often is everywhere, and its uses are no neighbours
NO_SYMBOL = "Mode graph answers questions about a symbol, as in: who calls NAME; this one names none."
_WORTH: dict[Certainty, float] = {"sure": 1.0, "likely": 0.8, "possible": 0.3}
_BY_STEP = 0.7
Location = tuple[str, int]


@dataclass(frozen=True, slots=True)
class GraphHits:
    """The rows, best first, why each is there, and how the question was read or why there is nothing."""

    hits: Hits
    reasons: dict[int, str]
    note: str


def find(view: View, text: str) -> GraphHits:
    """Return what the question asks of the graph. It never falls back: nothing found is nothing, and `note` says so."""
    question = read_question(text)
    if question is None:
        return GraphHits(Hits(), {}, NO_SYMBOL)
    depth = DEEPEST if question.relation == "impact" else 1
    found = answer(view.graph, question.relation, question.symbol, depth)
    if found.note:
        return GraphHits(Hits(), {}, found.note)
    return _graph_hits(view, list(_reasons(question, found)), f"Read as: {question.relation} of {question.symbol}.")


def _graph_hits(view: View, reached: Sequence[tuple[Location, float, str]], note: str) -> GraphHits:
    rows = _rows(view, [location for location, _, _ in reached])
    scores: dict[int, float] = {}
    reasons: dict[int, str] = {}
    for location, score, reason in reached:
        row = rows.get(location)
        if row is not None and score > scores.get(row, 0.0):
            scores[row], reasons[row] = score, reason
    return GraphHits(_hits(scores), reasons, note)


def _rows(view: View, locations: Sequence[Location]) -> dict[Location, int]:
    return view.graph.rows_at(set(locations)) if locations else {}


def neighbours(view: View, seeds: Sequence[tuple[Ranked, Chunk]]) -> Hits:
    """Return what the best passages call and what calls them, worth a share of the passage that leads there."""
    strong = seeds[:SEEDS]
    defined = definitions_at(view.graph, [chunk for _, chunk in strong])
    worth = {one: ranked.score for (ranked, chunk), held in zip(strong, defined, strict=True) for one in held}
    if not worth:
        return Hits()
    inward = incoming(view.graph, list(worth), {"call", "inherit"}, MOST_USES)
    edges = outgoing(view.graph, list(worth)) + inward.edges
    locations = dict(_reached(edges, worth))
    rows = _rows(view, list(locations))
    scores: dict[int, float] = {}
    for location, row in rows.items():
        scores[row] = max(scores.get(row, 0.0), locations[location])
    return _hits({row: score for row, score in scores.items() if row not in {ranked.row for ranked, _ in strong}})


def _reached(edges: Iterable[Edge], worth: dict[LocatedDefinition, float]) -> Iterable[tuple[Location, float]]:
    best: dict[Location, float] = {}
    for edge in edges:
        if edge.certainty == "possible":
            continue
        outward = edge.source in worth
        location = (edge.target.path, edge.target.definition.start_line) if outward else (edge.path, edge.lines[0])
        start = worth.get(edge.source, 0.0) if outward and edge.source else worth.get(edge.target, 0.0)
        best[location] = max(best.get(location, 0.0), start * _WORTH[edge.certainty])
    return best.items()


def _reasons(question: GraphQuestion, answer: GraphAnswer) -> Iterable[tuple[Location, float, str]]:
    if question.relation == "definitions":
        for found in answer.definitions:
            yield (found.path, found.definition.start_line), 1.0, f"defines {found.definition.symbol}"
    for node in answer.nodes:
        yield _location(question, node), _WORTH[node.edge.certainty] * _BY_STEP ** (node.depth - 1), _why(node)


def _location(question: GraphQuestion, node: Node) -> Location:
    edge = node.edge
    if question.relation == "callees":
        return edge.target.path, edge.target.definition.start_line
    return edge.path, edge.lines[0]


def _why(node: Node) -> str:
    edge = node.edge
    source = edge.source.definition.symbol if edge.source else edge.path
    lines = ", ".join(map(str, edge.lines[:5])) + (" …" if len(edge.lines) > 5 else "")
    verb = "imports" if edge.kind == "import" else f"{edge.kind}s"
    far = f", {node.depth} steps away" if node.depth > 1 else ""
    return f"{source} {verb} {edge.target.definition.symbol} at {edge.path}:{lines} ({edge.certainty}{far})"


def _hits(scores: dict[int, float]) -> Hits:
    order = sorted(scores, key=lambda row: (-scores[row], row))
    return Hits((Hit(row, scores[row]) for row in order), "edges")
