"""The code graph as an arm of a search: what a question about it asks for, and the neighbours of strong hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.graph import LocatedDefinition
from agent_brain_server.domain.search import Hit, Hits
from agent_brain_server.retrieval.fusion import Ranked
from agent_brain_server.retrieval.graph_question import GraphQuestion, read_question
from agent_brain_server.retrieval.guessing import Certainty
from agent_brain_server.services.graph import DEEPEST, Edge, GraphAnswer, GraphService, Node
from agent_brain_server.storage.protocol import GraphStore

ARM = "graph"
SEEDS = 5
MOST_USES = 10  # what is used more often is everywhere, and its uses are no neighbours
NO_SYMBOL = "Mode graph answers questions about a symbol, as in: who calls NAME; this one names none."
_WORTH: dict[Certainty, float] = {"sure": 1.0, "likely": 0.8, "possible": 0.3}
_BY_STEP = 0.7
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class GraphHits:
    """The rows, best first, why each is there, and how the question was read or why there is nothing."""

    hits: Hits
    reasons: dict[int, str]
    note: str


class GraphSearch:
    """Turns edges into chunk rows."""

    def __init__(self, store: GraphStore, graph: GraphService) -> None:
        self._store = store
        self._graph = graph

    async def find(self, text: str) -> GraphHits:
        """What the question asks of the graph. It never falls back: nothing found is nothing, and `note` says so."""
        question = read_question(text)
        if question is None:
            return GraphHits(Hits(), {}, NO_SYMBOL)
        depth = DEEPEST if question.relation == "impact" else 1
        answer = await self._graph.ask(question.relation, question.symbol, depth)
        if answer.note:
            return GraphHits(Hits(), {}, answer.note)
        return await self._placed(list(_told(question, answer)), f"Read as: {question.relation} of {question.symbol}.")

    async def _placed(self, told: Sequence[tuple[Place, float, str]], note: str) -> GraphHits:
        rows = await self._rows([place for place, _, _ in told])
        scores: dict[int, float] = {}
        reasons: dict[int, str] = {}
        for place, score, reason in told:
            row = rows.get(place)
            if row is not None and score > scores.get(row, 0.0):
                scores[row], reasons[row] = score, reason
        return GraphHits(_hits(scores), reasons, note)

    async def _rows(self, places: Sequence[Place]) -> dict[Place, int]:
        return await self._store.rows_at(set(places)) if places else {}

    async def neighbours(self, seeds: Sequence[tuple[Ranked, Chunk]]) -> Hits:
        """What the best passages call and what calls them, worth a share of the passage that leads there."""
        strong = seeds[:SEEDS]
        defined = await self._graph.definitions_at([chunk for _, chunk in strong])
        worth = {one: ranked.score for (ranked, chunk), held in zip(strong, defined, strict=True) for one in held}
        if not worth:
            return Hits()
        inward, _ = await self._graph.incoming(list(worth), {"call", "inherit"}, MOST_USES)
        edges = await self._graph.outgoing(list(worth)) + inward
        places = dict(_reached(edges, worth))
        rows = await self._rows(list(places))
        scores: dict[int, float] = {}
        for place, row in rows.items():
            scores[row] = max(scores.get(row, 0.0), places[place])
        return _hits({row: score for row, score in scores.items() if row not in {ranked.row for ranked, _ in strong}})


def _reached(edges: Iterable[Edge], worth: dict[LocatedDefinition, float]) -> Iterable[tuple[Place, float]]:
    best: dict[Place, float] = {}
    for edge in edges:
        if edge.certainty == "possible":
            continue
        outward = edge.source in worth
        place = (edge.target.path, edge.target.definition.start_line) if outward else (edge.path, edge.lines[0])
        start = worth.get(edge.source, 0.0) if outward and edge.source else worth.get(edge.target, 0.0)
        best[place] = max(best.get(place, 0.0), start * _WORTH[edge.certainty])
    return best.items()


def _told(question: GraphQuestion, answer: GraphAnswer) -> Iterable[tuple[Place, float, str]]:
    if question.relation == "definitions":
        for found in answer.definitions:
            yield (found.path, found.definition.start_line), 1.0, f"defines {found.definition.symbol}"
    for node in answer.nodes:
        yield _place(question, node), _WORTH[node.edge.certainty] * _BY_STEP ** (node.depth - 1), _why(node)


def _place(question: GraphQuestion, node: Node) -> Place:
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
