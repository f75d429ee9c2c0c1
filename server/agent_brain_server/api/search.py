"""`POST /query` and `GET /query/chunk/{id}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from starlette.requests import Request

from agent_brain_client.answers import ChunkResponse, Explanation, LinesResponse, Passage, QueryResponse
from agent_brain_client.limits import Length, Range
from agent_brain_client.wire import PathText, QueryFilters, QueryRequest
from agent_brain_server.api.operations import Operations
from agent_brain_server.api.problems import require_globs
from agent_brain_server.domain.hits import Filters
from agent_brain_server.services.answering.lines import LineService
from agent_brain_server.services.answering.search_pass import Question
from agent_brain_server.services.answering.search_service import Answer, SearchService

operations = Operations("search")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkParameters:
    """`GET /query/chunk/{chunk_id}`."""

    chunk_id: Annotated[str, Length(1, 64)]

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LinesParameters:
    """`GET /query/lines`: lines are 1-based, `last` is inclusive."""

    path: PathText
    first: Annotated[int, Range(1, 1_000_000_000)] = 1
    last: Annotated[int, Range(1, 1_000_000_000)] = 1_000_000_000

    __pydantic_config__: ClassVar = {"extra": "forbid"}


def _service(request: Request) -> SearchService:
    service: SearchService = request.app.state.services.search
    return service


@operations.post("/query", reads=True)
async def query(request: Request, body: QueryRequest) -> QueryResponse:
    """Answer with the best passages."""
    question = Question(body.query, body.mode, body.top_k, await _filters(body.filters), body.max_tokens, body.outline)
    answers = await _service(request).search(question)
    response = QueryResponse(
        results=[_passage(answer, body.explain) for answer in answers.results],
        mode=answers.mode,
        took_ms=round(answers.took_ms, 3),
        truncated=answers.truncated,
    )
    if body.explain:
        response["plan"] = answers.strategies
    if answers.note:
        response["note"] = answers.note
    if answers.notice:
        response["notice"] = answers.notice
    return response


@operations.get("/query/chunk/{chunk_id}")
async def chunk(request: Request, parameters: ChunkParameters) -> ChunkResponse:
    """Answer with one passage by its id, with its signature and documentation."""
    found, stale = await _service(request).chunk(parameters.chunk_id)
    return ChunkResponse(
        chunk_id=found.id,
        path=found.path,
        start_line=found.start_line,
        end_line=found.end_line,
        language=found.language,
        kind=found.kind,
        symbol=found.symbol,
        signature=found.signature,
        documentation=found.documentation,
        text=found.text,
        stale=stale,
    )


@operations.get("/query/lines")
async def lines(request: Request, parameters: LinesParameters) -> LinesResponse:
    """Answer with lines of an indexed text file as they are now, secrets masked."""
    service: LineService = request.app.state.services.lines
    found = await service.lines(parameters.path, parameters.first, parameters.last)
    return LinesResponse(path=found.path, first=found.first, total=found.total, lines=found.lines)


async def _filters(filters: QueryFilters) -> Filters:
    await require_globs("filters.paths", filters.paths)
    return Filters(filters.paths, filters.languages, filters.kinds, filters.symbols)


def _passage(answer: Answer, explain: bool) -> Passage:
    passage = Passage(
        chunk_id=answer.chunk.id,
        path=answer.chunk.path,
        start_line=answer.chunk.start_line,
        end_line=answer.chunk.end_line,
        language=answer.chunk.language,
        kind=answer.chunk.kind,
        symbol=answer.chunk.symbol,
        text=answer.chunk.text,
        score=round(answer.score, 6),
        stale=answer.stale,
    )
    if answer.gone:
        passage["gone"] = True
    if explain:
        passage["explain"] = Explanation(reason=answer.reason, ranks=answer.trace.ranks, scores=answer.trace.scores)
    return passage
