"""Eight clients ask while a job runs: everyone is answered, and nobody waits for the job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.brain import FINISHED, HEADERS, ServerProcess, configure
from support.corpus import WORDS, write_project

CLIENTS = 8
FILES = 3_000
HEALTH_P99_SECONDS = 0.2  # what the product promises
PAUSE_SECONDS = 0.05  # between two questions of one client
MODES = ("bm25", "vector", "hybrid")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    root = tmp_path / "project"
    root.mkdir()
    write_project(root, FILES)
    configure(root)
    with ServerProcess(root) as running:
        yield running


class Clients:
    """Threads that ask again and again until they are told to end, and how long each answer took."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._end = threading.Event()
        self.seconds: dict[str, list[float]] = {"search": [], "health": []}

    def run(self, kind: str, ask: Callable[[httpx.Client, int], httpx.Response], number: int, pause: float) -> None:
        """Ask until the end; any other answer than 200 is raised."""
        with httpx.Client(base_url=self._url, headers=HEADERS, timeout=30, trust_env=False) as client:
            while not self._end.wait(pause):
                started = time.perf_counter()
                response = ask(client, number)
                self.seconds[kind].append(time.perf_counter() - started)
                assert response.status_code == 200, response.text
                number += 1

    def end(self) -> None:
        """Let all of them stop."""
        self._end.set()


def search(client: httpx.Client, number: int) -> httpx.Response:
    query = f"{WORDS[number % len(WORDS)]} {WORDS[number * 7 % len(WORDS)]}"
    filters: dict[str, Any] = {"languages": ["python"]} if number % 5 == 0 else {}
    return client.post("/query", json={"query": query, "mode": MODES[number % len(MODES)], "filters": filters})


def health(client: httpx.Client, number: int) -> httpx.Response:
    return client.get("/health")


def wait_for(server: ServerProcess, job_id: int) -> Any:
    while (job := server.http.get(f"/index/jobs/{job_id}").json())["state"] not in FINISHED:
        time.sleep(0.2)
    return job


def percentiles(seconds: list[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    ordered = sorted(seconds)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95, 0.99))
    return p50, p95, p99


@pytest.mark.slow
def test_eight_clients_search_while_a_job_runs(server: ServerProcess) -> None:
    clients = Clients(str(server.http.base_url))
    job = server.http.post("/index", json={}).json()
    with ThreadPoolExecutor(CLIENTS + 1) as threads:
        asking = [
            threads.submit(clients.run, "search", search, number * 31, PAUSE_SECONDS) for number in range(CLIENTS)
        ]
        asking.append(threads.submit(clients.run, "health", health, 0, 0.005))
        try:
            job = wait_for(server, job["id"])
        finally:
            clients.end()
    for done in asking:
        done.result()
    assert job["state"] == "done", job
    assert job["progress"]["files_done"] == FILES
    for kind, seconds in clients.seconds.items():
        shown = " ".join(f"{value * 1e3:.1f}" for value in percentiles(seconds))
        print(f"\n{kind}: {len(seconds)} answers, p50 p95 p99 {shown} ms, worst {max(seconds) * 1e3:.1f} ms", end="")
    took = job["finished_at"] - job["started_at"]
    print(f"\nwhile {FILES} files ({job['progress']['chunks_done']} chunks) were indexed in {took:.1f} s")
    assert len(clients.seconds["health"]) > 100
    assert percentiles(clients.seconds["health"])[2] <= HEALTH_P99_SECONDS
