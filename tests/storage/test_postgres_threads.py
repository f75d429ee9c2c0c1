"""Work on PostgreSQL runs in threads: who asked may go away, wait in vain, or ask for more than a read may do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from agent_brain_server.errors import StorageError, StorageLostError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import connection, pool
from agent_brain_server.storage.postgres.connection import Database
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries
from support.postgres import DatabaseServer

STATEMENTS = Statements(load_queries("agent_brain_server.storage.postgres"))
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND pid <> pg_backend_pid() AND "
PATIENCE = 60


@pytest.fixture
def server(postgres_url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(postgres_url))


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = Database(PostgresConfig.from_url(postgres_url, PostgresConfig(pool_size=1, pool_max=2)), STATEMENTS, "p")
    yield opened
    await opened.close()


def sleep(session: Session) -> None:
    session.execute("SELECT pg_sleep(100)")


async def until(server: DatabaseServer, asleep: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while server.psql(f"{SLEEPING} state = 'active'") != [(asleep,)]:
            await asyncio.sleep(0.05)


async def test_who_is_cancelled_many_times_leaves_no_connection_in_use(
    database: Database, server: DatabaseServer
) -> None:
    ended = threading.Event()

    def work(session: Session) -> None:
        try:
            sleep(session)
        finally:
            ended.set()

    task = asyncio.create_task(database.read(work))
    await until(server, 1)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0.001)
    assert task.cancelled()
    assert ended.is_set()
    health = await database.health()
    assert (health.healthy, health.in_use, health.idle) == (True, 0, 1)


async def test_who_asks_or_waits_when_it_is_closed_has_a_sentence(database: Database) -> None:
    over = threading.Event()
    holding = [asyncio.create_task(database.read(lambda session: over.wait(PATIENCE))) for _ in range(2)]
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(database.read(lambda session: session.one("check_health")))
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0.1)
    over.set()
    assert await asyncio.gather(*holding) == [True, True]
    await closing
    for late in (waiting, database.read(lambda session: session.one("check_health"))):
        with pytest.raises(StorageError, match="The index is closed"):
            await late


@pytest.mark.parametrize("method", ["read", "write"])
async def test_a_statement_ends_with_who_asked_for_it(database: Database, server: DatabaseServer, method: str) -> None:
    task = asyncio.create_task(getattr(database, method)(sleep))
    await until(server, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(server, 0)
    health = await database.health()
    assert (health.healthy, health.in_use, health.idle) == (True, 0, 1)


async def test_a_read_that_takes_too_long_has_no_answer(database: Database, server: DatabaseServer) -> None:
    with pytest.raises(StorageLostError, match=r"does not answer \(no answer in time\)"):
        await database.read(sleep, 0.5)
    assert (await database.health()).healthy


async def test_a_read_of_many_statements_has_the_time_of_one_for_each(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 2.0)

    def work(session: Session) -> int:
        for _ in range(5):
            session.execute("SELECT pg_sleep(0.5)")
        return 5

    assert await database.read(work) == 5
    with pytest.raises(StorageLostError, match=r"does not answer \(no answer in time\)"):
        await database.read(sleep)


async def test_waiting_for_a_connection_in_vain_is_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "ACQUIRE_SECONDS", 0.2)
    over = threading.Event()
    holding = [asyncio.create_task(database.read(lambda session: over.wait(PATIENCE))) for _ in range(2)]
    await asyncio.sleep(0.1)
    with pytest.raises(StorageLostError, match=r"All 2 connections to PostgreSQL at .* are busy"):
        await database.read(lambda session: session.one("check_health"))
    over.set()
    assert await asyncio.gather(*holding) == [True, True]
    assert (await database.health()).waiters == 0


async def test_a_read_changes_nothing(database: Database) -> None:
    with pytest.raises(StorageError, match="can only be read"):
        await database.read(lambda session: session.execute("CREATE TABLE public.t (a integer)"))


async def test_what_work_raises_is_raised_and_undoes_it(database: Database, server: DatabaseServer) -> None:
    def work(session: Session) -> None:
        session.execute("CREATE TABLE public.t (a integer)")
        raise OSError("a file of ours")

    with pytest.raises(OSError, match="a file of ours"):
        await database.write(work)
    assert server.psql("SELECT to_regclass('public.t')") == [(None,)]
    assert (await database.health()).idle == 1
