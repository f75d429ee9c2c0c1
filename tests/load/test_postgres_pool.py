"""Far more questions at once than connections, while a job writes: all are answered, and the pool comes to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.brain import FINISHED, HEADERS, ServerProcess, configure
from support.corpus import WORDS, write_project
from support.postgres import DatabaseServer

POOL = {"pool_size": 10, "pool_max": 20}
FILES = 400
LOADS = ((50, 4), (200, 2))  # clients at once, questions of each
BESIDE_THE_POOL = 1  # what builds the index over the vectors has a connection of its own
PATIENCE_SECONDS = 60.0
REST_SECONDS = 20.0


@pytest.fixture
def server(tmp_path: Path, postgres_url: str) -> Iterator[ServerProcess]:
    """Yield the real server with an index of FILES files."""
    root = tmp_path / "project"
    root.mkdir()
    write_project(root, FILES)
    configure(root, storage={"url": postgres_url, "postgres": POOL})
    with ServerProcess(root) as running:
        assert running.index()["progress"]["files_done"] == FILES
        yield running


@asynccontextmanager
async def client(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with as many connections to the server as are asked for."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=2.0)
    url = str(server.http.base_url)
    async with httpx.AsyncClient(
        base_url=url, headers=HEADERS, limits=limits, timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        yield http


async def ask(http: httpx.AsyncClient, number: int) -> float:
    """Ask a hybrid question; return the seconds that its answer took."""
    words = f"{WORDS[number % len(WORDS)]} {WORDS[number * 7 % len(WORDS)]}"
    started = time.perf_counter()
    response = await http.post("/query", json={"query": words, "mode": "hybrid"})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["mode"] == "hybrid"
    assert answer["results"], words
    return time.perf_counter() - started


async def ask_in_turn(http: httpx.AsyncClient, first: int, questions: int) -> list[float]:
    """Ask as one client."""
    return [await ask(http, first + number) for number in range(questions)]


async def load(http: httpx.AsyncClient, clients: int, questions: int) -> list[float]:
    """Ask as all clients at once; return the seconds of every answer, in order."""
    turns = await asyncio.gather(*(ask_in_turn(http, 31 * number, questions) for number in range(clients)))
    return sorted(seconds for turn in turns for seconds in turn)


@asynccontextmanager
async def changing(http: httpx.AsyncClient, root: Path) -> AsyncIterator[list[Any]]:
    """Change files and index them again and again during the block; yield the finished jobs."""
    jobs: list[Any] = []
    over = asyncio.Event()

    async def keep_changing() -> None:
        while not over.is_set():
            write_project(root, FILES, seed=2 + len(jobs))
            jobs.append(await _job(http))

    changes = asyncio.create_task(keep_changing())
    try:
        yield jobs
    finally:
        over.set()
        await changes


async def _job(http: httpx.AsyncClient) -> Any:
    response = await http.post("/index", json={})
    assert response.status_code == 202, response.text
    job = response.json()
    while job["state"] not in FINISHED:
        await asyncio.sleep(0.1)
        response = await http.get(f"/index/jobs/{job['id']}")
        assert response.status_code == 200, response.text
        job = response.json()
    return job


async def health(http: httpx.AsyncClient) -> Any:
    """Return the state of the pool, which is healthy under any load."""
    response = await http.get("/health/postgres")
    assert response.status_code == 200, response.text
    return response.json()


def open_connections(database: DatabaseServer, url: str) -> int:
    """Return those of the server under test, as PostgreSQL itself counts them."""
    name = httpx.URL(url).path.lstrip("/")
    ((count,),) = database.psql(
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name LIKE 'agent-brain%'"
    )
    return int(count)


@asynccontextmanager
async def pictures(http: httpx.AsyncClient, database: DatabaseServer, url: str) -> AsyncIterator[list[Any]]:
    """Yield a list of the pool's states during the block, each with the connections that are `open`."""
    seen: list[Any] = []

    async def keep_looking() -> None:
        while True:
            seen.append(await picture_of(http, database, url))
            await asyncio.sleep(0.02)

    looking = asyncio.create_task(keep_looking())
    try:
        yield seen
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        if not looking.cancelled():
            looking.result()


@pytest.mark.slow
async def test_connection_pool_under_load(server: ServerProcess) -> None:
    async with client(server) as http, changing(http, server.root) as jobs:
        for clients, questions in LOADS:
            seconds = await load(http, clients, questions)
            p50, p95, p99 = (seconds[int(len(seconds) * share)] * 1e3 for share in (0.50, 0.95, 0.99))
            print(f"\n{clients} clients: {len(seconds)} answers, p50 {p50:.0f} p95 {p95:.0f} p99 {p99:.0f} ms", end="")
            assert len(seconds) == clients * questions
    print(f"\nmeanwhile {len(jobs)} jobs were done", end="")
    assert jobs
    assert {job["state"] for job in jobs} == {"done"}
    assert sum(job["progress"]["files_changed"] for job in jobs) > 0


@pytest.mark.slow
async def test_connection_pool_metrics_valid(
    server: ServerProcess, session_server: DatabaseServer, postgres_url: str
) -> None:
    async with client(server) as http:
        async with changing(http, server.root), pictures(http, session_server, postgres_url) as seen:
            for clients, questions in LOADS:
                await load(http, clients, questions)
        for picture in seen:
            assert (picture["pool_size"], picture["pool_max"]) == (POOL["pool_size"], POOL["pool_max"])
            assert 0 <= picture["in_use"] <= picture["pool_max"], picture
            assert 0 <= picture["idle"] <= picture["pool_max"], picture
            assert picture["in_use"] + picture["idle"] <= picture["pool_max"], picture
            assert picture["overflow"] == max(0, picture["in_use"] + picture["idle"] - picture["pool_size"]), picture
            assert picture["waiters"] >= 0, picture
            assert picture["open"] <= picture["pool_max"] + BESIDE_THE_POOL, picture
        assert max(picture["overflow"] for picture in seen) > 0
        assert max(picture["waiters"] for picture in seen) > 0
        rest = await at_rest(http, session_server, postgres_url)
        assert (rest["in_use"], rest["waiters"], rest["overflow"]) == (0, 0, 0), rest
        assert 1 <= rest["idle"] <= POOL["pool_size"]
        assert rest["open"] == rest["idle"], rest


async def picture_of(http: httpx.AsyncClient, database: DatabaseServer, url: str) -> Any:
    """Return the pool, and how many of its connections are `open` by PostgreSQL's own count."""
    picture = await health(http)
    return picture | {"open": await asyncio.to_thread(open_connections, database, url)}


async def at_rest(http: httpx.AsyncClient, database: DatabaseServer, url: str) -> Any:
    """Return the state when no client asks any more and no connection ends; the last one seen if that does not come."""
    deadline = time.monotonic() + REST_SECONDS
    while True:
        picture = await picture_of(http, database, url)
        busy = picture["in_use"] + picture["waiters"] + picture["overflow"]
        if (not busy and picture["open"] == picture["idle"]) or time.monotonic() > deadline:
            return picture
        await asyncio.sleep(0.1)
