"""Answers questions about the code graph: what defines, calls, uses, inherits, and what a change would reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.code_graph import LocatedDefinition
from agent_brain_server.domain.content import Chunk
from agent_brain_server.retrieval.code_graph.guessing import Certainty
from agent_brain_server.retrieval.code_graph.question import Relation
from agent_brain_server.services.answering.edges import (
    Edge,
    EdgeLookup,
    definitions_of,
    ends_with,
    incoming,
    outgoing,
    overridings,
)
from agent_brain_server.storage.view import GraphView

MOST_NODES = 500
DEEPEST = 5
_KINDS: Mapping[Relation, frozenset[str]] = {
    "callers": frozenset({"call"}),
    "callees": frozenset({"call"}),
    "implementations": frozenset({"inherit"}),
    "references": frozenset({"call", "use", "inherit", "import"}),
    "impact": frozenset({"call", "use", "inherit", "import"}),
}
_ORDER: Mapping[Certainty, int] = {"sure": 0, "likely": 1, "possible": 2}


@dataclass(frozen=True, slots=True)
class Node:
    """What was found: `edge` leads to it, in `depth` steps from the symbol that was asked over all those in `via`."""

    edge: Edge
    depth: int
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """`definitions` are what the symbol means, `nodes` what was found of it, nearest and surest first.

    `note` says in a sentence why there is nothing, empty otherwise; `truncated`: there is more.
    """

    definitions: tuple[LocatedDefinition, ...]
    nodes: tuple[Node, ...] = ()
    note: str = ""
    truncated: bool = False


def answer(graph: GraphView, relation: Relation, symbol: str, depth: int) -> GraphAnswer:
    """Return what has `relation` to `symbol`, a qualified name or its last parts, up to `depth` steps away."""
    definitions = definitions_of(graph, symbol)
    if not definitions:
        return GraphAnswer((), note=f"No symbol {symbol} is in the index.")
    if relation == "definitions":
        return GraphAnswer(tuple(definitions))
    nodes, truncated = _spread(graph, relation, definitions, min(depth, DEEPEST))
    note = "" if nodes else f"{symbol} is in the index, but has no {relation} there."
    return GraphAnswer(tuple(definitions), tuple(nodes), note, truncated)


def definitions_at(graph: GraphView, chunks: Sequence[Chunk]) -> list[list[LocatedDefinition]]:
    """Return for each chunk the definitions that begin in it, those of its symbol where it has one."""
    held = graph.definitions_in({chunk.path for chunk in chunks})
    return [[one for one in held if _begins_in(one, chunk)] for chunk in chunks]


def _spread(
    graph: GraphView, relation: Relation, start: Sequence[LocatedDefinition], depth: int
) -> tuple[list[Node], bool]:
    """Walk breadth first from `start`, each node once, the surest edge first."""
    nodes: list[Node] = []
    truncated = False
    via: dict[LocatedDefinition, tuple[str, ...]] = dict.fromkeys(start, ())
    level: list[LocatedDefinition] = list(start)
    for step in range(1, depth + 1):
        lookup = _edges(graph, relation, level)
        truncated = truncated or lookup.truncated
        level = []
        for edge in sorted(lookup.edges, key=lambda edge: (_ORDER[edge.certainty], edge.path, edge.lines)):
            known, new = (edge.source, edge.target) if relation == "callees" else (edge.target, edge.source)
            trail = (*via.get(known, ()), known.definition.symbol) if known else ()
            nodes.append(Node(edge, step, trail))
            if new is not None and new not in via and edge.certainty != "possible":
                via[new] = trail
                level.append(new)
            if len(nodes) >= MOST_NODES:
                return nodes, True
        if not level:
            break
    return nodes, truncated


def _edges(graph: GraphView, relation: Relation, level: Sequence[LocatedDefinition]) -> EdgeLookup:
    if relation == "callees":
        return EdgeLookup(outgoing(graph, level))
    lookup = incoming(graph, level, _KINDS[relation])
    if relation != "implementations":
        return lookup
    return EdgeLookup(lookup.edges + overridings(graph, level), lookup.truncated)


def _begins_in(one: LocatedDefinition, chunk: Chunk) -> bool:
    if one.path != chunk.path or not chunk.start_line <= one.definition.start_line <= chunk.end_line:
        return False
    return not chunk.symbol or chunk.kind == "block" or ends_with(one.definition.symbol, chunk.symbol)
