"""Connections that rest, are cut off, and are more than usual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres import driver, pool
from agent_brain_server.storage.postgres.driver import Connection
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER, axis, find, make_file, nearest, put
from support.postgres import DatabaseServer

SIZES = PostgresConfig(pool_size=2, pool_max=6)
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def store(postgres_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = create_store(postgres_url, tmp_path, MODEL, TOKENIZER, postgres=SIZES)
    await opened.open()
    await put(opened, make_file("a.py", "alpha"))
    yield opened
    await opened.close()


@pytest.fixture
def database(postgres_url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(postgres_url))


async def ask(store: Store) -> None:
    assert await find(store, "alpha") == ["alpha"]
    assert "alpha" in await nearest(store, axis(1))


@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_connections_that_were_cut_off_are_made_again(
    store: Store, database: DatabaseServer, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Also where they are asked before each use, and where they are not."""
    monkeypatch.setattr(pool, "TRUSTED_SECONDS", seconds)
    for _ in range(3):
        await ask(store)
        await put(store, make_file("b.py", "beta"))
        database.psql(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    await put(store, make_file("b.py", "beta"))


async def test_of_many_that_were_cut_off_one_is_asked(
    store: Store, database: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask one that a network has swallowed takes seconds."""
    await asyncio.gather(*[ask(store) for _ in range(30)])
    database.psql(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    while database.psql(f"SELECT count(*) {OTHERS}") != [(0,)]:
        await asyncio.sleep(0.05)
    asked = []

    def is_alive(connection: Connection, seconds: float) -> bool:
        asked.append(connection)
        return driver.is_alive(connection, seconds)

    monkeypatch.setattr(pool, "TRUSTED_SECONDS", 0.0)
    monkeypatch.setattr(pool, "is_alive", is_alive)
    assert await find(store, "alpha") == ["alpha"]
    assert [one.closed for one in asked] == [True, False]  # what is found is looked up by one read, fetched by another
    health = await store.database_health()
    assert health is not None
    assert (health.in_use, health.idle) == (0, 1)


async def test_more_connections_than_usual_go_when_they_have_rested(
    store: Store, database: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "REST_SECONDS", 1)
    for _ in range(3):
        await asyncio.gather(*[ask(store) for _ in range(30)])
        busy = await store.database_health()
        assert busy is not None
        assert 2 < busy.in_use + busy.idle <= 6
        assert busy.overflow == busy.in_use + busy.idle - 2
        while (rest := await store.database_health()) is not None:
            if (rest.idle,) in database.psql(f"SELECT count(*) {OTHERS}") and not rest.overflow:
                break
            await asyncio.sleep(0.5)
        assert rest is not None
        assert (rest.in_use, rest.waiters, rest.overflow, rest.pool_size, rest.pool_max) == (0, 0, 0, 2, 6)
    await ask(store)
