"""No part of a request is ignored: what is not documented is refused by its name."""

from __future__ import annotations

import pytest

from support.brain import Brain


@pytest.mark.parametrize(
    ("method", "path", "field", "detail"),
    [
        ("GET", "/index/jobs?limits=5", "limits", "limits is no field of this request."),
        ("GET", "/health?verbose=1", "verbose", "verbose is no field of this request."),
        ("GET", "/health/status?verbose=1", "verbose", "verbose is no field of this request."),
        ("DELETE", "/index?force=true", "force", "force is no field of this request."),
        ("GET", "/index/jobs?limit=1&limit=2", "limit", "limit is given more than once."),
        ("GET", "/index/jobs?limit=0", "limit", "limit must be 1 or more."),
        ("GET", "/index/jobs/x", "job_id", "job_id must be a whole number."),
        ("GET", "/index/jobs/1?job_id=2", "job_id", "job_id is given more than once."),
        ("GET", "/query/lines", "path", "path is missing."),
        ("GET", "/graph/friends?symbol=x", "relation", "relation must be 'definitions', "),
        ("GET", "/health?challenge=x", "challenge", "challenge must match ^[0-9a-f]{32}$."),
    ],
)
async def test_a_parameter_that_is_not_as_documented_is_named(
    read_only: Brain, method: str, path: str, field: str, detail: str
) -> None:
    response = await read_only.http.request(method, path)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (422, "request_invalid", field)
    assert problem["detail"].startswith(detail), problem["detail"]


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        ("application/json", b"{", "body is not valid JSON."),
        ("application/json", b"", "body is not valid JSON."),
        ("application/json", b"\xff", "body is not valid JSON."),
        ("application/json", b"[" * 100_000, "body is not valid JSON."),
        ("application/json", b"[]", "body must hold names with values."),
        ("text/plain", b'{"query": "x"}', "body must be JSON, with Content-Type: application/json."),
    ],
)
async def test_a_body_that_cannot_be_read_is_named(read_only: Brain, kind: str, body: bytes, detail: str) -> None:
    response = await read_only.http.post("/query", content=body, headers={"Content-Type": kind})
    problem = response.json()
    assert (response.status_code, problem["code"], problem["field"]) == (422, "request_invalid", "body")
    assert problem["detail"] == detail


async def test_a_charset_and_capitals_in_the_content_type_do_not_matter(read_only: Brain) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = await read_only.http.post("/query", content=b'{"query": "x"}', headers=headers)
    assert response.status_code == 200
