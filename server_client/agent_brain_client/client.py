"""The server's HTTP interface as methods, one a route, typed by `wire`."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import quote, urlencode, urlsplit

from agent_brain_client.errors import ServerError, ServerUnreachableError
from agent_brain_client.wire import PROBLEM_JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent_brain_client.answers import (
        ChunkResponse,
        DatabaseHealth,
        FolderAdded,
        FolderList,
        GraphResponse,
        Health,
        JobList,
        JobResponse,
        LinesResponse,
        QueryResponse,
        Removed,
        ReportResponse,
        StatusResponse,
    )
    from agent_brain_client.wire import FolderRequest, IndexRequest, QueryRequest

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0


class AgentBrainClient:
    """One server, addressed by `url`, with its bearer `token`. Raises ServerError or ServerUnreachableError.

    `timeout` is how many seconds an answer may take. Each request has a connection of its own, so that none grows stale
    and any thread may ask. Proxies from the environment are not used: the server is on this machine. `renew` starts the
    server again and returns its URL, for one that ended before it took a request: it is sent once more then.
    """

    def __init__(
        self, url: str, token: str, timeout: float = ANSWER_SECONDS, renew: Callable[[], str] | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Connection": "close"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = timeout
        self._renew = renew

    def health(self) -> Health:
        """Return the identity of the server that answers; it needs no token."""
        return cast("Health", self._ask("GET", "/health"))

    def status(self) -> StatusResponse:
        """Return what is indexed, where it is kept and what is going on now."""
        return cast("StatusResponse", self._ask("GET", "/health/status"))

    def database_health(self) -> DatabaseHealth:
        """Return the state of PostgreSQL and of the connections to it. Raise ServerError where it is not healthy."""
        return cast("DatabaseHealth", self._ask("GET", "/health/postgres"))

    def query(self, request: QueryRequest) -> QueryResponse:
        """Return the passages that answer a question."""
        return cast("QueryResponse", self._ask("POST", "/query", asdict(request)))

    def graph(self, relation: str, symbol: str, depth: int = 1, limit: int = 100) -> GraphResponse:
        """Return what is in `relation` to a symbol, up to `depth` steps away."""
        asked = urlencode({"symbol": symbol, "depth": depth, "limit": limit})
        return cast("GraphResponse", self._ask("GET", f"/graph/{quote(relation, safe='')}?{asked}"))

    def chunk(self, chunk_id: str) -> ChunkResponse:
        """Return one passage in full."""
        return cast("ChunkResponse", self._ask("GET", f"/query/chunk/{quote(chunk_id, safe='')}"))

    def lines(self, path: str, first: int = 1, last: int = 1_000_000_000) -> LinesResponse:
        """Return lines of an indexed file as they are now, secrets masked."""
        asked = urlencode({"path": path, "first": first, "last": last})
        return cast("LinesResponse", self._ask("GET", f"/query/lines?{asked}"))

    def report(self, limit: int = 1000, cursor: str | None = None, max_age: int = 0) -> ReportResponse:
        """Return one page of what is left out of the index and masked in it, at most `max_age` seconds old."""
        page = {"limit": limit, "max_age": max_age} | ({} if cursor is None else {"cursor": cursor})
        return cast("ReportResponse", self._ask("GET", f"/index/report?{urlencode(page)}"))

    def index(self, request: IndexRequest) -> JobResponse:
        """Queue a job that brings the index up to date."""
        return cast("JobResponse", self._ask("POST", "/index", asdict(request)))

    def reset(self) -> Removed:
        """Take everything out of the index."""
        return cast("Removed", self._ask("DELETE", "/index"))

    def jobs(self, limit: int = 20, cursor: str | None = None) -> JobList:
        """Return one page of jobs, newest first."""
        page = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        return cast("JobList", self._ask("GET", f"/index/jobs?{urlencode(page)}"))

    def job(self, job_id: int) -> JobResponse:
        """Return one job as it is now."""
        return cast("JobResponse", self._ask("GET", f"/index/jobs/{job_id}"))

    def cancel(self, job_id: int) -> JobResponse:
        """Ask a job to end early; what it has written stays."""
        return cast("JobResponse", self._ask("DELETE", f"/index/jobs/{job_id}"))

    def folders(self) -> FolderList:
        """Return the indexed folders with their counts."""
        return cast("FolderList", self._ask("GET", "/index/folders"))

    def add_folder(self, request: FolderRequest) -> FolderAdded:
        """Index one more folder."""
        return cast("FolderAdded", self._ask("POST", "/index/folders", asdict(request)))

    def remove_folder(self, path: str) -> Removed:
        """Take a folder and all that came from it out of the index."""
        return cast("Removed", self._ask("DELETE", f"/index/folders?{urlencode({'path': path})}"))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> object:
        # ASCII, so that half a surrogate from an odd file name or argument is sent, not a failure to encode it.
        content = None if body is None else json.dumps(body).encode("ascii")
        try:
            try:
                answer = self._exchange(method, path, content)
            except ConnectionError as error:
                if self._renew is None or not _may_be_sent_again(error, method, path):
                    raise
                self.url = self._renew().rstrip("/")
                answer = self._exchange(method, path, content)
        except TimeoutError as error:
            raise ServerUnreachableError(f"the server at {self.url} did not answer in time. {_LOOK}") from error
        except (OSError, HTTPException) as error:
            raise ServerUnreachableError(f"no server answers at {self.url}. {_LOOK}") from error
        if answer.status in range(200, 300):
            return _decoded(answer, self.url + path)
        raise _refusal(answer, self.url + path)

    def _exchange(self, method: str, path: str, content: bytes | None) -> _Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=min(CONNECT_SECONDS, self._timeout))
        with closing(connection):
            connection.connect()
            connection.sock.settimeout(self._timeout)
            connection.request(method, path, content, self._headers)
            response = connection.getresponse()
            return _Answer(response.status, response.reason, response.headers.get_content_type(), response.read())


def _may_be_sent_again(error: ConnectionError, method: str, path: str) -> bool:
    """Return whether the server has not taken the request, or has changed nothing by it."""
    return isinstance(error, ConnectionRefusedError) or method == "GET" or path == "/query"


class _Answer(NamedTuple):
    status: int
    reason: str
    content_type: str
    content: bytes


_LOOK = "See: agent-brain doctor"


def _decoded(answer: _Answer, url: str) -> object:
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise ServerError(
            "not_json",
            answer.status,
            f"{url} answered something that is not JSON; another program may use this port. {_LOOK}",
        ) from error


def _refusal(answer: _Answer, url: str) -> ServerError:
    """Return the error of a problem document; anything else that answers is named by its status."""
    if answer.content_type == PROBLEM_JSON:
        try:
            problem = json.loads(answer.content)
            return ServerError(
                str(problem["code"]), answer.status, str(problem["detail"]), str(problem.get("field", ""))
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
    return ServerError("unexpected_answer", answer.status, f"{url} answered {answer.status} {answer.reason}. {_LOOK}")
