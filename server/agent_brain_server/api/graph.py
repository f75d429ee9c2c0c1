"""`GET /graph/{relation}`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, ClassVar

from starlette.requests import Request

from agent_brain_client.answers import GraphResponse, GraphResult, GraphSymbol
from agent_brain_client.limits import Length, Range
from agent_brain_client.wire import Relation
from agent_brain_server.api.operations import Operations
from agent_brain_server.domain.code_graph import LocatedDefinition
from agent_brain_server.retrieval.code_graph.question import plain_symbol
from agent_brain_server.services.answering.graph_answer import DEEPEST, Node
from agent_brain_server.services.answering.graph_service import CheckedAnswer, FreshGraph

operations = Operations("graph")


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphParameters:
    """`GET /graph/{relation}`."""

    relation: Relation
    symbol: Annotated[str, Length(1, 512)]
    depth: Annotated[int, Range(1, DEEPEST)] = 1
    limit: Annotated[int, Range(1, 500)] = 100

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@operations.get("/graph/{relation}")
async def graph(request: Request, parameters: GraphParameters) -> GraphResponse:
    """Answer with what has `relation` to a symbol, a qualified name or its last parts, up to `depth` steps away."""
    service: FreshGraph = request.app.state.services.graph
    started = time.perf_counter()
    checked = await service.ask(parameters.relation, plain_symbol(parameters.symbol), parameters.depth)
    answer = checked.answer
    response = GraphResponse(
        relation=parameters.relation,
        symbol=parameters.symbol,
        definitions=[_symbol(found, checked) for found in answer.definitions],
        results=[_result(node, checked) for node in answer.nodes[: parameters.limit]],
        note=answer.note,
        truncated=answer.truncated or len(answer.nodes) > parameters.limit,
        took_ms=round((time.perf_counter() - started) * 1e3, 3),
    )
    if checked.notice:
        response["notice"] = checked.notice
    return response


def _mark(marked: GraphSymbol | GraphResult, checked: CheckedAnswer) -> None:
    if marked["path"] in checked.stale:
        marked["stale"] = True
    if marked["path"] in checked.gone:
        marked["gone"] = True


def _symbol(found: LocatedDefinition, checked: CheckedAnswer) -> GraphSymbol:
    definition = found.definition
    symbol = GraphSymbol(
        symbol=definition.symbol,
        kind=definition.kind,
        language=found.language,
        path=found.path,
        start_line=definition.start_line,
        end_line=definition.end_line,
        signature=definition.signature,
    )
    _mark(symbol, checked)
    return symbol


def _result(node: Node, checked: CheckedAnswer) -> GraphResult:
    edge = node.edge
    result = GraphResult(
        kind=edge.kind,
        path=edge.path,
        lines=list(edge.lines),
        source=_symbol(edge.source, checked) if edge.source else None,
        target=_symbol(edge.target, checked),
        certainty=edge.certainty,
        depth=node.depth,
        via=list(node.via),
    )
    _mark(result, checked)
    return result
