"""The client against a transport that plays the server."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import ServerError, ServerUnreachableError
from agent_brain_client.wire import FolderRequest, IndexRequest, QueryRequest

URL = "http://127.0.0.1:1"
Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, token: str = "t") -> AgentBrainClient:
    return AgentBrainClient(URL, token, transport=httpx.MockTransport(handler))


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        (lambda c: c.health(), "GET", "/health", None),
        (lambda c: c.status(), "GET", "/health/status", None),
        (lambda c: c.chunk("a/b"), "GET", "/query/chunk/a%2Fb", None),
        (lambda c: c.index(IndexRequest(paths=("a",))), "POST", "/index", {"paths": ["a"], "force": False}),
        (lambda c: c.reset(), "DELETE", "/index", None),
        (lambda c: c.jobs(), "GET", "/index/jobs?limit=20", None),
        (lambda c: c.jobs(5, "x="), "GET", "/index/jobs?limit=5&cursor=x%3D", None),
        (lambda c: c.job(3), "GET", "/index/jobs/3", None),
        (lambda c: c.cancel(3), "DELETE", "/index/jobs/3", None),
        (lambda c: c.folders(), "GET", "/index/folders", None),
        (
            lambda c: c.add_folder(FolderRequest(path="p")),
            "POST",
            "/index/folders",
            {"path": "p", "include": [], "exclude": []},
        ),
        (lambda c: c.remove_folder("a b&c"), "DELETE", "/index/folders?path=a+b%26c", None),
    ],
)
def test_each_method_is_one_request(
    call: Callable[[AgentBrainClient], object], method: str, path: str, body: object
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True})

    with client(answer) as asked:
        assert call(asked) == {"ok": True}
    (request,) = seen
    assert (request.method, str(request.url).removeprefix(URL)) == (method, path)
    assert request.headers["Authorization"] == "Bearer t"
    assert (json.loads(request.content) if request.content else None) == body


def test_a_query_sends_every_field() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        assert sent == {
            "query": "q\udcff",
            "mode": "hybrid",
            "top_k": 10,
            "filters": {"paths": [], "languages": [], "kinds": [], "symbols": []},
            "max_tokens": None,
            "outline": False,
            "explain": False,
        }
        return httpx.Response(200, json={"results": []})

    with client(answer) as asked:
        assert asked.query(QueryRequest(query="q\udcff")) == {"results": []}


def test_a_problem_becomes_an_error() -> None:
    problem = {
        "type": "about:blank",
        "title": "x",
        "status": 422,
        "detail": "top_k: too big.",
        "code": "request_invalid",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            422, content=json.dumps({**problem, "field": "top_k"}), headers={"Content-Type": "application/problem+json"}
        )

    with client(answer) as asked, pytest.raises(ServerError) as caught:
        asked.status()
    error = caught.value
    assert (error.code, error.status, error.detail, error.field) == ("request_invalid", 422, "top_k: too big.", "top_k")
    assert str(error) == "top_k: too big."


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, text="<html>"),
        httpx.Response(502, content=b"[]", headers={"Content-Type": "application/problem+json"}),
        httpx.Response(404, content=b"{", headers={"Content-Type": "application/problem+json"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(302, headers={"Location": "http://elsewhere"}),
    ],
)
def test_answers_of_other_programs_are_errors_in_one_sentence(response: httpx.Response) -> None:
    with client(lambda request: response) as asked, pytest.raises(ServerError) as caught:
        asked.status()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError])
def test_no_answer_is_one_sentence(failure: type[httpx.TransportError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise failure("boom")

    with client(answer) as asked, pytest.raises(ServerUnreachableError) as caught:
        asked.status()
    assert URL in str(caught.value)
    assert "agent-brain doctor" in str(caught.value)
    assert caught.value.exit_code == 3


def test_proxies_from_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with AgentBrainClient(URL, "") as asked:
        assert "Authorization" not in asked._http.headers
        assert not asked._http._mounts
