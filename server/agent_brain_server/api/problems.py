"""Every error as `application/problem+json` with a stable code, also those that never reach a route."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from agent_brain_client.answers import Problem
from agent_brain_client.wire import PROBLEM_JSON
from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.errors import AgentBrainError, RequestError

log = logging.getLogger(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 400: "request_invalid"}
_RETRY_AFTER_SECONDS = 1
LARGEST_GLOBS = 8_192  # characters of all globs of a field: each is matched with each path of the index


def problem(
    status: int,
    code: str,
    detail: str,
    field: str = "",
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Return the response; `field` names the wrong part of the request, `members` are added to the problem."""
    body = Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail, code=code)
    if field:
        body["field"] = field
    return Response(json.dumps({**(members or {}), **body}), status, headers, PROBLEM_JSON)


async def on_agent_brain_error(request: Request, error: Exception) -> Response:
    """Answer for a failure that the server can name."""
    error = cast(AgentBrainError, error)
    field, members = error.context.get("field", ""), error.context.get("members")
    headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem(
        error.status, error.code, str(error), str(field), headers, cast(Mapping[str, object] | None, members)
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer for what routing refuses: an unknown path or method, a body that cannot be read."""
    error = cast(HTTPException, error)
    code = _CODES.get(error.status_code, "request_invalid")
    path = request.url.path.encode("utf-8", "replace").decode()
    return problem(error.status_code, code, f"{request.method} {path}: {error.detail}.", headers=error.headers)


async def on_bug(request: Request, error: Exception) -> Response:
    """Answer for a bug or a package that is lost: the log has the traceback, the answer has none."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if isinstance(error, ImportError):
        return problem(500, "internal", f"The installation is damaged ({error}). Run: agent-brain doctor")
    return problem(500, "internal", "Internal error, a bug in Agent Brain. Details: agent-brain logs")


async def require_globs(field: str, globs: tuple[str, ...]) -> None:
    """Raise RequestError, which names `field`, for a glob that means nothing and for more than LARGEST_GLOBS.

    They are compiled in a thread: that may take a tenth of a second.
    """
    if not globs:
        return
    if (length := sum(map(len, globs))) > LARGEST_GLOBS:
        raise RequestError(
            f"{field}: the globs have {length} characters together; at most {LARGEST_GLOBS} are matched.", field=field
        )
    try:
        await asyncio.to_thread(path_matcher, globs)
    except ValueError as error:
        raise RequestError(f"{field}: {error}.", field=field) from error


HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    AgentBrainError: on_agent_brain_error,
    HTTPException: on_http_exception,
    Exception: on_bug,
}
"""How each kind of error is answered."""
