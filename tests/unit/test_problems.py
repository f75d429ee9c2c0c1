"""What a request is answered that the server cannot carry out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from agent_brain_server.api.problems import HANDLERS


@pytest.fixture
def client() -> Iterator[TestClient]:
    def fail(request: Request) -> None:
        package = request.path_params["kind"] == "package"
        raise ModuleNotFoundError("No module named 'numpy'") if package else ZeroDivisionError("secret")

    app = Starlette(routes=[Route("/{kind}", fail)], exception_handlers=HANDLERS)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def test_a_package_that_is_lost_is_named_with_the_command(client: TestClient) -> None:
    answer = client.get("/package")
    assert answer.status_code == 500
    assert answer.json()["detail"] == ("The installation is damaged (No module named 'numpy'). Run: agent-brain doctor")


def test_a_bug_says_nothing_of_the_request(client: TestClient) -> None:
    answer = client.get("/bug")
    assert answer.json()["detail"] == "Internal error, a bug in Agent Brain. Details: agent-brain logs"
    assert "secret" not in answer.text
