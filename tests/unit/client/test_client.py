"""The client against programs that answer on a port."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable

import pytest

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import ServerError, ServerUnreachableError
from agent_brain_client.wire import FolderRequest, IndexRequest, QueryRequest
from support.answering import Answer, Asked, Said, answering, as_json

PROBLEM = {"Content-Type": "application/problem+json; charset=utf-8"}


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
    seen: list[Asked] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked)
        return as_json({"ok": True})

    with answering(answer) as url:
        assert call(AgentBrainClient(url, "t")) == {"ok": True}
    (asked,) = seen
    assert (asked.method, asked.path) == (method, path)
    assert asked.headers["Authorization"] == "Bearer t"
    assert (json.loads(asked.body) if asked.body else None) == body


def test_a_query_sends_every_field() -> None:
    def answer(asked: Asked) -> Said:
        assert json.loads(asked.body) == {
            "query": "q\udcff",
            "mode": "hybrid",
            "top_k": 10,
            "filters": {"paths": [], "languages": [], "kinds": [], "symbols": []},
            "max_tokens": None,
            "outline": False,
            "explain": False,
        }
        return as_json({"results": []})

    with answering(answer) as url:
        assert AgentBrainClient(url, "t").query(QueryRequest(query="q\udcff")) == {"results": []}


def test_a_problem_becomes_an_error() -> None:
    problem = {
        "type": "about:blank",
        "title": "x",
        "status": 422,
        "detail": "top_k: too big.",
        "code": "request_invalid",
        "field": "top_k",
    }
    with (
        answering(lambda asked: Said(422, json.dumps(problem).encode(), PROBLEM)) as url,
        pytest.raises(ServerError) as caught,
    ):
        AgentBrainClient(url, "t").status()
    error = caught.value
    assert (error.code, error.status, error.detail, error.field) == ("request_invalid", 422, "top_k: too big.", "top_k")
    assert str(error) == "top_k: too big."


@pytest.mark.parametrize(
    "said",
    [
        Said(500, b"<html>"),
        Said(502, b"[]", PROBLEM),
        Said(404, b"{", PROBLEM),
        Said(200, b"<html>"),
        Said(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}),
    ],
)
def test_answers_of_other_programs_are_errors_in_one_sentence(said: Said) -> None:
    with answering(lambda asked: said) as url, pytest.raises(ServerError) as caught:
        AgentBrainClient(url, "t").status()
    assert f"{url}/health/status answered" in str(caught.value)
    assert "\n" not in str(caught.value)


def closed(asked: Asked) -> Said:
    raise ConnectionError


def cut_short(asked: Asked) -> Said:
    return Said(200, b"{", {"Content-Length": "99"})


def late(asked: Asked) -> Said:
    time.sleep(1)
    return as_json({})


@pytest.mark.parametrize("answer", [closed, cut_short, late])
def test_no_answer_is_one_sentence(answer: Answer) -> None:
    with answering(answer) as url, pytest.raises(ServerUnreachableError) as caught:
        AgentBrainClient(url, "t", timeout=0.3).status()
    assert url in str(caught.value)
    assert "agent-brain doctor" in str(caught.value)
    assert caught.value.exit_code == 3


def test_no_server_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ServerUnreachableError, match=f"no server answers at {url}"):
        AgentBrainClient(url, "t").status()


def test_something_else_than_http_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ServerUnreachableError, match="did not answer in time"):
            AgentBrainClient(url, "t", timeout=0.2).status()


def test_proxies_from_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    seen: list[Asked] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked)
        return as_json({})

    with answering(answer) as url:
        AgentBrainClient(url, "").health()
    assert "Authorization" not in seen[0].headers
