"""`make soak`: the server on PostgreSQL under steady load for long, and whether it grows.

Twenty clients ask while files change and are indexed again and again. Every second the server's memory, its connections
as PostgreSQL counts them and its open files are looked at. The median of the first quarter after the warm-up is
compared with that of the last quarter; connections come and go with the load, so it is those that stay open after it
that count. Not collected by pytest unless named; `SOAK_SECONDS` bounds it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil
import pytest

from support.brain import FINISHED, HEADERS, ServerProcess, configure
from support.corpus import WORDS, source_files, write_project
from support.postgres import DatabaseServer

SECONDS = float(os.environ.get("SOAK_SECONDS", "1000"))
CLIENTS = 20
PAUSE_SECONDS = 0.1
FILES = 7_500  # so that vectors are found through their index
CHANGED_FILES = 100
MODES = ("hybrid", "hybrid", "bm25", "vector")
POOL_SIZE, POOL_MAX = 10, 20
BESIDE_THE_POOL = 1  # what builds the index over the vectors has a connection of its own
WARM_UP_SHARE = 0.2
REST_SECONDS = 20.0
ROWS = 20
HEADINGS = ("seconds", "answers", "p50 ms", "p95 ms", "jobs", "memory MB", "connections", "open files")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look."""

    at: float
    megabytes: float
    connections: int
    files: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What one thing came to. It may grow by a share or by an amount, whichever is more."""

    what: str
    first: float
    last: float
    share: float
    amount: float

    @property
    def allowed(self) -> float:
        """Return the most that it may come to."""
        return self.first + max(self.share * self.first, self.amount)

    @property
    def holds(self) -> bool:
        """Return whether it has held."""
        return self.last <= self.allowed

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "GREW"
        return f"{self.what:<30} {self.first:>9.1f} {self.last:>9.1f} {self.allowed:>9.1f}  {verdict}"


@dataclass(slots=True)
class Soak:
    """Everything that runs, and what it has seen."""

    server: ServerProcess
    http: httpx.AsyncClient
    database: DatabaseServer
    name: str
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    jobs: int = 0
    _answers: list[float] = field(default_factory=list)  # milliseconds of those since the last row
    _rows: int = 0

    @property
    def passed(self) -> float:
        """Return seconds since the beginning."""
        return time.monotonic() - self.began

    async def run(self) -> list[Growth]:
        """Ask until the time is over; an answer that is none ends it."""
        _show(HEADINGS)
        async with asyncio.TaskGroup() as tasks:
            for client in range(CLIENTS):
                tasks.create_task(self._ask(31 * client))
            tasks.create_task(self._change())
            tasks.create_task(self._watch())
        return [*growths(self.samples), Growth("connections at rest", POOL_SIZE, await self._rest(), 0.0, 0.0)]

    async def _ask(self, number: int) -> None:
        """Ask as one client, whose first question has this number."""
        while self.passed < SECONDS:
            words = f"{WORDS[number % len(WORDS)]} {WORDS[number * 7 % len(WORDS)]}"
            filters = {"languages": ["python"]} if number % 5 == 0 else {}
            started = time.perf_counter()
            await self._json("POST", "/query", query=words, mode=MODES[number % len(MODES)], filters=filters)
            self._answers.append((time.perf_counter() - started) * 1e3)
            number += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _change(self) -> None:
        """Change some files and index all, again and again; their number stays the same."""
        names = [name for name, _ in source_files(CHANGED_FILES)]
        while self.passed < SECONDS:
            texts = source_files(CHANGED_FILES, seed=2 + self.jobs)
            for name, (_, text) in zip(names, texts, strict=True):
                (self.server.root / name).write_text(text, "utf-8")
            job = await self._json("POST", "/index")
            while job["state"] not in FINISHED:
                await asyncio.sleep(0.2)
                job = await self._json("GET", f"/index/jobs/{job['id']}")
            assert job["state"] == "done", job
            self.jobs += 1

    async def _json(self, method: str, path: str, **body: object) -> Any:
        response = await self.http.request(method, path, json=body if method == "POST" else None)
        assert response.is_success, response.text
        return response.json()

    async def _watch(self) -> None:
        """Take a sample a second, and print ROWS rows."""
        process = psutil.Process(self.server.process.pid)
        while self.passed < SECONDS:
            connections = await self._connections()
            memory = process.memory_info().rss / 1e6
            self.samples.append(Sample(self.passed, memory, connections, process.num_fds()))
            if self.passed >= SECONDS * (self._rows + 1) / ROWS:
                self._report(self.samples[-1])
            await asyncio.sleep(1.0)

    async def _connections(self) -> int:
        """Return those of the server, as PostgreSQL counts them."""
        ((connections,),) = await asyncio.to_thread(
            self.database.psql,
            "SELECT count(*) FROM pg_stat_activity "
            f"WHERE datname = '{self.name}' AND application_name LIKE 'agent-brain%'",
        )
        return int(connections)

    async def _rest(self) -> int:
        """Return the connections that stay open when no client asks any more."""
        deadline = time.monotonic() + REST_SECONDS
        while (open_still := await self._connections()) > POOL_SIZE and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        return open_still

    def _report(self, sample: Sample) -> None:
        answers, self._answers, self._rows = sorted(self._answers), [], self._rows + 1
        p50, p95 = (answers[int(len(answers) * share)] if answers else 0.0 for share in (0.5, 0.95))
        now, memory = f"{sample.at:.0f}", f"{sample.megabytes:.1f}"
        _show((now, len(answers), f"{p50:.1f}", f"{p95:.1f}", self.jobs, memory, sample.connections, sample.files))


def _show(cells: Sequence[object]) -> None:
    line = " | ".join(str(cell).rjust(len(heading)) for cell, heading in zip(cells, HEADINGS, strict=True))
    print(f"\n{line}", end="", flush=True)


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """Compare the first quarter after the warm-up with the last quarter."""
    warm = [sample for sample in samples if sample.at >= WARM_UP_SHARE * SECONDS]
    assert len(warm) >= 8, "too few samples: soak for longer"
    quarter = len(warm) // 4
    first, last = warm[:quarter], warm[-quarter:]
    return [
        Growth(what, median(look(s) for s in first), median(look(s) for s in last), share, amount)
        for what, look, share, amount in (
            ("memory, MB", lambda sample: sample.megabytes, 0.05, 10.0),
            ("open files but connections", lambda sample: sample.files - sample.connections, 0.0, 5.0),
        )
    ]


@pytest.fixture
def server(tmp_path: Path, postgres_url: str) -> Iterator[ServerProcess]:
    """Yield the real server with an index of FILES files."""
    root = tmp_path / "project"
    root.mkdir()
    write_project(root, FILES)
    configure(root, storage={"url": postgres_url, "postgres": {"pool_size": POOL_SIZE, "pool_max": POOL_MAX}})
    with ServerProcess(root) as running:
        assert running.index()["progress"]["files_done"] == FILES
        yield running


@pytest.mark.timeout(SECONDS + 300)
async def test_nothing_grows(server: ServerProcess, session_server: DatabaseServer, postgres_url: str) -> None:
    name = httpx.URL(postgres_url).path.lstrip("/")
    limits = httpx.Limits(max_connections=None, keepalive_expiry=2.0)
    url = str(server.http.base_url)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits, timeout=60, trust_env=False) as http:
        soak = Soak(server, http, session_server, name)
        found = await soak.run()
    most = max(sample.connections for sample in soak.samples)
    found.append(Growth("connections, most of all", POOL_MAX, most, 0.0, BESIDE_THE_POOL))
    print(f"\n\n{'':<30} {'first':>9} {'last':>9} {'allowed':>9}")
    print("\n".join(map(str, found)))
    assert all(growth.holds for growth in found)
