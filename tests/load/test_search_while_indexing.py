"""Eight clients ask while a job runs: all are answered, and no answer waits for the job."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from load.clients import Clients, health, search, wait_for
from support.brain import ServerProcess, configure
from support.corpus import write_project

CLIENTS = 8
FILES = 3_000
HEALTH_P99_SECONDS = 0.2  # what the product promises
PAUSE_SECONDS = 0.05  # between two questions of one client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    root = tmp_path / "project"
    root.mkdir()
    write_project(root, FILES)
    configure(root)
    with ServerProcess(root) as running:
        yield running


def percentiles(seconds: list[float]) -> tuple[float, float, float]:
    """Return p50, p95 and p99."""
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
