"""Who is answered, and how errors look."""

from __future__ import annotations

import httpx
import pytest

from support.brain import HEADERS, TOKEN, Brain


@pytest.mark.parametrize(
    "method_path", ["GET /health/status", "GET /health/postgres", "POST /query", "DELETE /index", "GET /metrics"]
)
@pytest.mark.parametrize("header", ["", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer é"])
async def test_everything_but_health_wants_the_token(read_only: Brain, method_path: str, header: str) -> None:
    method, path = method_path.split()
    response = await read_only.http.request(method, path, headers={"Authorization": header.encode()})
    assert response.status_code == 401
    assert response.json()["code"] == "unauthorized"
    assert response.headers["content-type"] == "application/problem+json"


async def test_health_is_open_and_says_who_answers(read_only: Brain) -> None:
    response = await read_only.http.get("/health", headers={"Authorization": ""})
    assert response.status_code == 200
    assert set(response.json()) == {"status", "version", "project_id", "pid", "started_at"}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::",
        "10.0.0.1:8317",
        "evil@127.0.0.1:8317",
        "127.0.0.1:8317,evil.example",
        "127.0.0.1:8317/evil.example",
        "127.0.0.1:8317#evil.example",
        "127.0.0.1 evil.example",
        "127.0.0.1:evil",
        "::1",
    ],
)
async def test_a_foreign_host_is_refused(read_only: Brain, host: str) -> None:
    response = await read_only.http.get("/health", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (403, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8317", "[::1]:8317", "LOCALHOST:1"])
async def test_a_loopback_host_is_answered(read_only: Brain, host: str) -> None:
    assert (await read_only.http.get("/health", headers={"Host": host})).status_code == 200


async def test_a_second_host_or_a_missing_one_is_refused(read_only: Brain) -> None:
    for host in ("evil.example", "127.0.0.1"):
        headers = httpx.Headers([("Host", "127.0.0.1"), ("Host", host)])
        response = await read_only.http.get("/health", headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "host_refused")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://evil@localhost",
        "http://localhost,http://evil.example",
        "http://localhost/evil",
        "localhost",
    ],
)
async def test_a_foreign_origin_is_refused(read_only: Brain, origin: str) -> None:
    response = await read_only.http.post("/query", json={"query": "x"}, headers={"Origin": origin, **HEADERS})
    assert (response.status_code, response.json()["code"]) == (403, "origin_refused")


async def test_every_origin_counts_not_only_the_first(read_only: Brain) -> None:
    for origins in (("http://localhost:1", "https://evil.example"), ("https://evil.example", "http://localhost:1")):
        headers = httpx.Headers([("Origin", one) for one in origins])
        response = await read_only.http.get("/health", headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "origin_refused")


@pytest.mark.parametrize("origin", ["http://localhost", "http://127.0.0.1:8317", "https://[::1]:1"])
async def test_a_loopback_origin_is_answered(read_only: Brain, origin: str) -> None:
    assert (await read_only.http.get("/health", headers={"Origin": origin})).status_code == 200


async def test_an_oversized_body_is_refused_before_it_is_read(read_only: Brain) -> None:
    response = await read_only.http.post("/query", content=b"x" * 1_000_001)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("PUT", "/query", 405), ("GET", "/index/jobs/99", 404)]
)
async def test_every_refusal_is_a_problem(read_only: Brain, method: str, path: str, status: int) -> None:
    response = await read_only.http.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) >= {"type", "title", "status", "detail", "code"}


async def test_malformed_json_is_refused(read_only: Brain) -> None:
    response = await read_only.http.post("/query", content=b"{", headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert response.json()["code"] == "request_invalid"


async def test_status_and_metrics_tell_what_is_there(read_only: Brain) -> None:
    status = await read_only.call("GET", "/health/status")
    assert status["index"]["files"] == 0
    assert status["watcher"]["state"] == "off"
    metrics = (await read_only.http.get("/metrics")).text
    assert "agent_brain_index_files 0" in metrics
    assert 'agent_brain_http_requests_total{method="GET",status="200"}' in metrics
