"""While clients search and a job indexes, the event loop is free: no callback computes for long or waits for a file.

What has a bound is processor time of the loop's thread: a callback on a machine that is shared may wait for a processor
far longer than that. The time on the clock, which asyncio's debug mode would log, is printed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from load.clients import Clients, search, wait_for
from support import watched_loop
from support.brain import ServerProcess, configure
from support.corpus import WORDS, write_project

CLIENTS = 8
FILES = 2_000
PAUSE_SECONDS = 0.05
LONGEST_SECONDS = watched_loop.SLOW_SECONDS


@dataclass(frozen=True, slots=True)
class Watched:
    """A server with its event loop watched, and where that is recorded."""

    server: ServerProcess
    records: Path

    def during(self, first: float, last: float) -> list[dict[str, Any]]:
        """Return what was recorded between two times of the monotonic clock."""
        found = map(json.loads, self.records.read_text("utf-8").splitlines())
        return [record for record in found if first <= record["at"] <= last]


def watched(root: Path, **sections: object) -> Iterator[Watched]:
    """Serve a project of FILES files that are not indexed yet."""
    project, records = root / "project", root / "records.jsonl"
    project.mkdir()
    write_project(project, FILES)
    configure(project, **sections)
    with ServerProcess(project, program=(watched_loop.__file__, str(records))) as server:
        yield Watched(server, records)


@pytest.fixture
def with_sqlite(tmp_path: Path) -> Iterator[Watched]:
    yield from watched(tmp_path)


@pytest.fixture
def with_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Watched]:
    yield from watched(tmp_path, storage={"url": postgres_url})


def demanding(client: httpx.Client, number: int) -> httpx.Response:
    """Ask for what costs most: wrong values by the thousand, many globs, many passages, a symbol's uses."""
    wrong = client.post("/query", json={"query": "x", "filters": {"languages": [1] * 100_000}})
    assert wrong.status_code == 422, wrong.text
    uses = client.get("/graph/impact", params={"symbol": WORDS[number % len(WORDS)], "depth": 5, "limit": 500})
    assert uses.status_code == 200, uses.text
    globs = [f"[!{number % 7}a-k]*/**/{word}_{number}[[:alpha:]]*" for word in WORDS]
    filters = {"paths": ["**", *globs, *(f"!{glob}" for glob in globs[:24])]}
    return client.post("/query", json={"query": " ".join(WORDS), "top_k": 100, "filters": filters, "explain": True})


def search_while_indexing(watched: Watched) -> list[dict[str, Any]]:
    """Let all clients ask while the job runs; return what was recorded meanwhile."""
    server = watched.server
    clients = Clients(str(server.http.base_url))
    first = time.monotonic()
    job = server.http.post("/index", json={}).json()
    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        asking = [
            threads.submit(clients.run, "search", search, number * 31, PAUSE_SECONDS) for number in range(CLIENTS)
        ]
        asking.append(threads.submit(clients.run, "demanding", demanding, 0, PAUSE_SECONDS))
        try:
            job = wait_for(server, job["id"])
        finally:
            clients.end()
    for done in asking:
        done.result()
    assert (job["state"], job["progress"]["files_done"]) == ("done", FILES), job
    assert clients.seconds.keys() == {"search", "demanding"}
    return watched.during(first, time.monotonic())


def check(records: Sequence[dict[str, Any]]) -> None:
    """Fail for a callback that computed too long and for a call that may block; print those slow on the clock."""
    slow = [record for record in records if "cpu" in record]
    print(f"\n{len(slow)} callbacks took {LONGEST_SECONDS * 1e3:.0f} ms or more on the clock", end="")
    if slow:
        wall, cpu = (max(record[part] for record in slow) * 1e3 for part in ("wall", "cpu"))
        print(f", at most {wall:.0f} ms, and {cpu:.1f} ms of processor time", end="")
    assert [record for record in slow if record["cpu"] >= LONGEST_SECONDS] == []
    assert {record["call"]: record["where"] for record in records if "call" in record} == {}


@pytest.mark.slow
def test_no_callback_blocks_the_event_loop_with_sqlite(with_sqlite: Watched) -> None:
    check(search_while_indexing(with_sqlite))


@pytest.mark.slow
def test_no_callback_blocks_the_event_loop_with_postgres(with_postgres: Watched) -> None:
    check(search_while_indexing(with_postgres))
