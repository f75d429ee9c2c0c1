"""`/health/postgres`, and what `/metrics` says of the pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_client.answers import DatabaseHealth, Problem
from support.brain import Brain, configure, write_files
from support.postgres import PostgresServer


@pytest.fixture
def on_postgres(storage_url: str) -> bool:
    return storage_url.startswith("postgresql")


async def test_the_database_is_looked_at_where_there_is_one(brain: Brain, storage_url: str, on_postgres: bool) -> None:
    if not on_postgres:
        problem = await brain.call("GET", "/health/postgres", 404)
        assert problem["code"] == "not_found"
        assert problem["detail"].startswith(f"The index is in {storage_url.partition(':')[0]} ")
        return
    health = await brain.call("GET", "/health/postgres")
    assert set(health) == set(DatabaseHealth.__annotations__)
    assert (health["healthy"], health["detail"]) == (True, "")
    assert (health["pool_size"], health["pool_max"]) == (10, 20)
    assert health["server_version"]
    assert health["pgvector_version"]


async def test_the_metrics_hold_the_pool_where_there_is_one(brain: Brain, on_postgres: bool) -> None:
    metrics = (await brain.http.get("/metrics")).text
    assert ("agent_brain_postgres_pool_size 10" in metrics) is on_postgres
    assert ("agent_brain_postgres_healthy 1" in metrics) is on_postgres
    assert "agent_brain_index_files 0" in metrics


async def test_a_database_that_is_gone_is_told_and_found_again(own_server: PostgresServer, tmp_path: Path) -> None:
    configure(tmp_path, storage={"url": own_server.url()})
    write_files(tmp_path, {"retry.py": "def retry(): pass\n"})
    async with Brain(tmp_path) as brain:
        await brain.index()
        own_server.stop()
        response = await brain.http.get("/health/postgres")
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["retry-after"]
        problem = response.json()
        assert set(problem) == {*DatabaseHealth.__annotations__, *Problem.__annotations__} - {"field"}
        assert (problem["healthy"], problem["status"], problem["code"]) == (False, 503, "storage_unavailable")
        assert str(own_server.config.port) in problem["detail"]
        assert (await brain.http.get("/health")).status_code == 200
        metrics = await brain.http.get("/metrics")
        assert metrics.status_code == 200
        assert "agent_brain_postgres_healthy 0" in metrics.text
        assert "agent_brain_index_files" not in metrics.text
        own_server.start()
        assert (await brain.call("GET", "/health/postgres"))["healthy"] is True
        assert (await brain.index())["state"] == "done"
