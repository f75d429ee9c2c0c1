"""`GET /graph/{relation}`."""

from __future__ import annotations

import time
from typing import Annotated

from annotated_types import Interval, Len
from fastapi import APIRouter, Request

from agent_brain_client.wire import GraphResponse, GraphResult, GraphSymbol, Relation
from agent_brain_server.domain.graph import LocatedDefinition
from agent_brain_server.retrieval.graph_question import plain_symbol
from agent_brain_server.services.graph import DEEPEST, GraphService, Node

router = APIRouter(tags=["graph"])


@router.get("/graph/{relation}")
async def graph(
    request: Request,
    relation: Relation,
    symbol: Annotated[str, Len(1, 512)],
    depth: Annotated[int, Interval(ge=1, le=DEEPEST)] = 1,
    limit: Annotated[int, Interval(ge=1, le=500)] = 100,
) -> GraphResponse:
    """What stands in `relation` to a symbol, a qualified name or its last parts, up to `depth` steps away."""
    service: GraphService = request.app.state.services.graph
    started = time.perf_counter()
    answer = await service.ask(relation, plain_symbol(symbol), depth)
    return GraphResponse(
        relation=relation,
        symbol=symbol,
        definitions=[_symbol(found) for found in answer.definitions],
        results=[_result(node) for node in answer.nodes[:limit]],
        note=answer.note,
        truncated=answer.truncated or len(answer.nodes) > limit,
        took_ms=round((time.perf_counter() - started) * 1e3, 3),
    )


def _symbol(found: LocatedDefinition) -> GraphSymbol:
    definition = found.definition
    return GraphSymbol(
        symbol=definition.symbol,
        kind=definition.kind,
        language=found.language,
        path=found.path,
        start_line=definition.start_line,
        end_line=definition.end_line,
        signature=definition.signature,
    )


def _result(node: Node) -> GraphResult:
    edge = node.edge
    return GraphResult(
        kind=edge.kind,
        path=edge.path,
        lines=list(edge.lines),
        source=_symbol(edge.source) if edge.source else None,
        target=_symbol(edge.target),
        certainty=edge.certainty,
        depth=node.depth,
        via=list(node.via),
    )
