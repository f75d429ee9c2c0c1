"""Clients that ask without a pause to speak of while a job runs."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx

from support.brain import FINISHED, HEADERS, ServerProcess
from support.corpus import WORDS

MODES = ("bm25", "vector", "hybrid")


class Clients:
    """Threads that ask again and again until `end`, and how long each answer took."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._end = threading.Event()
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    def run(self, kind: str, ask: Callable[[httpx.Client, int], httpx.Response], number: int, pause: float) -> None:
        """Ask until the end; fail for any other answer than 200."""
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
    """Search for two words, in each mode in turn."""
    query = f"{WORDS[number % len(WORDS)]} {WORDS[number * 7 % len(WORDS)]}"
    filters: dict[str, Any] = {"languages": ["python"]} if number % 5 == 0 else {}
    return client.post("/query", json={"query": query, "mode": MODES[number % len(MODES)], "filters": filters})


def health(client: httpx.Client, number: int) -> httpx.Response:
    """Ask whether the server is there."""
    return client.get("/health")


def wait_for(server: ServerProcess, job_id: int) -> Any:
    """Return the job when it has ended."""
    while (job := server.http.get(f"/index/jobs/{job_id}").json())["state"] not in FINISHED:
        time.sleep(0.2)
    return job
