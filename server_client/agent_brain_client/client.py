"""The server's HTTP interface as methods, one a route, typed by `wire`."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote, urlencode

from agent_brain_client.errors import ServerError, ServerUnreachableError
from agent_brain_client.lean_httpx import httpx
from agent_brain_client.wire import PROBLEM_JSON

if TYPE_CHECKING:
    from agent_brain_client.wire import (
        ChunkResponse,
        DatabaseHealth,
        FolderAdded,
        FolderList,
        FolderRequest,
        GraphResponse,
        Health,
        IndexRequest,
        JobList,
        JobResponse,
        QueryRequest,
        QueryResponse,
        Removed,
        StatusResponse,
    )

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0


class AgentBrainClient:
    """One server, addressed by `url`, with its bearer `token`. Raises ServerError or ServerUnreachableError.

    `transport` replaces the network in tests; `timeout` is how many seconds an answer may take. Proxies from the
    environment are not used: the server is on this machine.
    """

    def __init__(
        self,
        url: str,
        token: str,
        transport: httpx.BaseTransport | None = None,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            # An unverified context loads no certificate store, which would take longer than the search; plain HTTP
            # needs none.
            transport=transport or httpx.HTTPTransport(verify=False, trust_env=False),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def health(self) -> Health:
        """Who answers here; needs no token."""
        return cast("Health", self._ask("GET", "/health"))

    def status(self) -> StatusResponse:
        """What is indexed, where it is kept and what is going on."""
        return cast("StatusResponse", self._ask("GET", "/health/status"))

    def database_health(self) -> DatabaseHealth:
        """The PostgreSQL behind the server and the connections to it; a ServerError where it is not healthy."""
        return cast("DatabaseHealth", self._ask("GET", "/health/postgres"))

    def query(self, request: QueryRequest) -> QueryResponse:
        """The passages that answer a question."""
        return cast("QueryResponse", self._ask("POST", "/query", asdict(request)))

    def graph(self, relation: str, symbol: str, depth: int = 1, limit: int = 100) -> GraphResponse:
        """What stands in `relation` to a symbol, up to `depth` steps away."""
        asked = urlencode({"symbol": symbol, "depth": depth, "limit": limit})
        return cast("GraphResponse", self._ask("GET", f"/graph/{quote(relation, safe='')}?{asked}"))

    def chunk(self, chunk_id: str) -> ChunkResponse:
        """One passage in full."""
        return cast("ChunkResponse", self._ask("GET", f"/query/chunk/{quote(chunk_id, safe='')}"))

    def index(self, request: IndexRequest) -> JobResponse:
        """Queue a job that brings the index up to date."""
        return cast("JobResponse", self._ask("POST", "/index", asdict(request)))

    def reset(self) -> Removed:
        """Take everything out of the index."""
        return cast("Removed", self._ask("DELETE", "/index"))

    def jobs(self, limit: int = 20, cursor: str | None = None) -> JobList:
        """One page of jobs, newest first."""
        parameters: dict[str, str | int] = {"limit": limit}
        if cursor is not None:
            parameters["cursor"] = cursor
        return cast("JobList", self._ask("GET", "/index/jobs", parameters=parameters))

    def job(self, job_id: int) -> JobResponse:
        """One job as it stands."""
        return cast("JobResponse", self._ask("GET", f"/index/jobs/{job_id}"))

    def cancel(self, job_id: int) -> JobResponse:
        """Ask a job to end early; what it has written stays."""
        return cast("JobResponse", self._ask("DELETE", f"/index/jobs/{job_id}"))

    def folders(self) -> FolderList:
        """The indexed folders with their counts."""
        return cast("FolderList", self._ask("GET", "/index/folders"))

    def add_folder(self, request: FolderRequest) -> FolderAdded:
        """Index one more folder."""
        return cast("FolderAdded", self._ask("POST", "/index/folders", asdict(request)))

    def remove_folder(self, path: str) -> Removed:
        """Take a folder and all that came from it out of the index."""
        return cast("Removed", self._ask("DELETE", "/index/folders", parameters={"path": path}))

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        parameters: dict[str, str | int] | None = None,
    ) -> object:
        try:
            # ASCII, so that half a surrogate from an odd file name or argument is sent, not a failure to encode it.
            content = None if body is None else json.dumps(body).encode("ascii")
            answer = self._http.request(method, path, content=content, params=parameters, headers=_JSON)
        except httpx.TimeoutException as error:
            raise ServerUnreachableError(f"the server at {self.url} did not answer in time. {_LOOK}") from error
        except httpx.TransportError as error:
            raise ServerUnreachableError(f"no server answers at {self.url}. {_LOOK}") from error
        if answer.is_success:
            return _decoded(answer)
        raise _refusal(answer)


_LOOK = "See: agent-brain doctor"
_JSON = {"Content-Type": "application/json"}


def _decoded(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content)
    except ValueError as error:
        raise ServerError("not_json", answer.status_code, f"{answer.url} answered something else than JSON.") from error


def _refusal(answer: httpx.Response) -> ServerError:
    """The error that a problem document stands for; anything else that answers is named by its status."""
    if answer.headers.get("content-type", "").partition(";")[0] == PROBLEM_JSON:
        try:
            problem = json.loads(answer.content)
            return ServerError(
                str(problem["code"]), answer.status_code, str(problem["detail"]), str(problem.get("field", ""))
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
    detail = f"{answer.url} answered {answer.status_code} {answer.reason_phrase}. {_LOOK}"
    return ServerError("unexpected_answer", answer.status_code, detail)
