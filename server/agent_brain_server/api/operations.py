"""What the HTTP interface can be asked: each operation validates its request, and answers in JSON.

An operation's handler says by its types what a request has: `parameters` (those of the path and of the query) and
`body` are dataclasses that pydantic validates, and what it returns is the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import get_annotations
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent_brain_server.api.disconnection import until_disconnected
from agent_brain_server.errors import RequestError
from agent_brain_server.settings.validation import UNKNOWN, reason

Handler = Callable[..., Coroutine[Any, Any, Any]]

CLIENT_GONE = 499
"""The status of a request whose client is gone, for the metrics alone, as nginx's log has it."""

MOST_VALUES = 4_096
"""Of one field: pydantic reports each wrong one, in microseconds on the event loop, and no field may have as many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoParameters:
    """The parameters of an operation that has none."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


class Operation:
    """One method of one path. `types` are the handler's: `parameters`, `body` where there is one, `return`."""

    def __init__(self, method: str, path: str, handler: Handler, tag: str, status: int, reads: bool) -> None:
        self.method, self.path, self.handler, self.tag, self.status = method, path, handler, tag, status
        self.reads = reads
        self.name = handler.__name__

    @cached_property
    def types(self) -> Mapping[str, Any]:
        """Return the types of what is asked and answered, by name."""
        return {"parameters": NoParameters, **get_annotations(self.handler, eval_str=True)}

    @cached_property
    def _parameters(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.types["parameters"])

    @cached_property
    def _body(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.types["body"])

    def prepare(self) -> None:
        """Build the validators, which the first request would wait for."""
        _ = self._parameters, "body" in self.types and self._body

    async def answer(self, request: Request) -> Response:
        """Answer one request. Raise RequestError, which names the field, for one that is not as documented."""
        arguments = {"parameters": _validated(self._parameters, _parameters_of(request), "query")}
        if type(arguments["parameters"]) is NoParameters:
            del arguments["parameters"]
        if "body" in self.types:
            arguments["body"] = _validated(self._body, await _body_of(request), "body")
        work = self.handler(request, **arguments)
        try:
            answer = await (until_disconnected(request, work) if self.reads else work)
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)
        if isinstance(answer, str):
            return PlainTextResponse(answer, self.status)
        return JSONResponse(answer, self.status)


class Operations:
    """The operations of one room of the interface, under `prefix`."""

    def __init__(self, tag: str, prefix: str = "") -> None:
        self._tag, self._prefix = tag, prefix
        self.all: list[Operation] = []

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Let the decorated handler answer `GET path`."""
        return self._add("GET", path, 200, reads=True)

    def post(self, path: str, status: int = 200, *, reads: bool = False) -> Callable[[Handler], Handler]:
        """Let the decorated handler answer `POST path`; one that only `reads` ends when its client goes away."""
        return self._add("POST", path, status, reads=reads)

    def delete(self, path: str, status: int = 200) -> Callable[[Handler], Handler]:
        """Let the decorated handler answer `DELETE path`."""
        return self._add("DELETE", path, status, reads=False)

    def _add(self, method: str, path: str, status: int, *, reads: bool) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.all.append(Operation(method, self._prefix + path, handler, self._tag, status, reads))
            return handler

        return add


def routes(operations: Sequence[Operation]) -> list[Route]:
    """Return the routes of `operations`."""
    return [Route(one.path, one.answer, methods=[one.method], name=one.name) for one in operations]


def _validated(adapter: TypeAdapter[Any], value: Any, whole: str) -> Any:
    """Return `value` as its type has it. Raise RequestError for the first fault; `whole` names the value itself."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or whole
        message = " is no field of this request" if first["type"] in UNKNOWN else reason(first)
        raise RequestError(f"{_printable(field)}{_printable(message)}.", field=_printable(field)) from None


def _printable(text: str) -> str:
    """Return `text` with half characters replaced, which no answer can hold."""
    return text.encode("utf-8", "replace").decode()


def _parameters_of(request: Request) -> dict[str, Any]:
    given = dict(request.path_params)
    for name, value in request.query_params.multi_items():
        if name in given:
            field = _printable(name)
            raise RequestError(f"{field} is given more than once.", field=field)
        given[name] = value
    return given


async def _body_of(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError("body must be JSON, with Content-Type: application/json.", field="body")
    try:
        body = json.loads(await request.body())
    except ClientDisconnect as error:
        raise RequestError("The connection was closed before the whole body had come.", field="body") from error
    except (ValueError, RecursionError) as error:
        raise RequestError("body is not valid JSON.", field="body") from error
    _require_few_values(body)
    return body


def _require_few_values(body: Any) -> None:
    """Raise RequestError, which names the field, for more than MOST_VALUES values in a field or in the body itself."""
    fields = body if isinstance(body, dict) and len(body) <= MOST_VALUES else {"body": body}
    for name, value in fields.items():
        if _has_many_values(value):
            field = _printable(name)
            raise RequestError(f"{field} has more than {MOST_VALUES} values.", field=field)


def _has_many_values(value: Any) -> bool:
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        inner = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        count += len(inner)
        if count > MOST_VALUES:
            return True
        waiting += inner
    return False
