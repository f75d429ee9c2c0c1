"""A bad network between the server and PostgreSQL: answers are right or a 503 with a sentence, and nothing leaks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.brain import ServerProcess, configure, write_files
from support.corpus import write_project
from support.postgres import PostgresServer
from support.troubled_network import TlsEnd, TroubledProxy

SEED = 14
SHORT_SECONDS, LONG_SECONDS = 20, 300
TROUBLE = 0.03
CLIENTS = 3
QUESTIONS = ("retry the token", "socket header", "cursor parse queue", "invoice window buffer")
PATIENCE_SECONDS = 120
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"
UNFINISHED = "SELECT count(*) FROM agent_brain.jobs WHERE state IN ('queued', 'running')"
HUNG = SESSIONS + " AND state LIKE 'idle in transaction%'"


class Watch:
    """Asks and indexes until it is over; what is neither right nor a 503 with a sentence is kept."""

    def __init__(self, server: ServerProcess, root: Path, expected: dict[str, Any]) -> None:
        self._server = server
        self._root = root
        self._expected = expected
        self.over = threading.Event()
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.written = 0
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        self._threads.append(threading.Thread(target=self._index))

    def run(self, seconds: float) -> None:
        """For so long, and until each has what it waits for."""
        for thread in self._threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "a request has no answer"

    def _send(self, method: str, path: str, body: Any = None) -> httpx.Response | None:
        """The answer, if it is good."""
        try:
            response = httpx.request(
                method,
                f"{self._server.http.base_url}".rstrip("/") + path,
                json=body,
                headers=self._server.http.headers,
                timeout=PATIENCE_SECONDS,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            self.wrong.append(f"{method} {path}: {error!r}")
            return None
        self.statuses[f"{method} {path.rpartition('/')[0] or path} {response.status_code}"] += 1
        if response.is_success:
            return response
        problem = response.json()
        named = (
            response.status_code == 503 and problem["code"] == "storage_unavailable" and "\n" not in problem["detail"]
        )
        if not named or "Retry-After" not in response.headers:
            self.wrong.append(f"{method} {path}: {response.status_code} {response.text}")
        return None

    def _ask(self) -> None:
        while not self.over.is_set():
            for question in QUESTIONS:
                response = self._send("POST", "/query", query(question))
                if response is not None and (found := passages(response)) != self._expected[question]:
                    self.wrong.append(f"{question}: {found} instead of {self._expected[question]}")

    def _index(self) -> None:
        """Files that answer none of the questions come one by one, each with a job."""
        while not self.over.is_set():
            if self._send("POST", "/index", {}) is not None:
                name = f"late/m{self.written}.py"
                write_files(self._root, {name: f"def zeppelin_{self.written}():\n    return {self.written}\n"})
                self.written += 1
            self._send("GET", "/health/status")
            self.over.wait(0.3)


def query(question: str) -> dict[str, object]:
    return {"query": question, "mode": "bm25", "top_k": 100}


def passages(response: httpx.Response) -> dict[str, tuple[str, str]]:
    """All that a question finds, by id: the order of equally good ones is not theirs to keep."""
    return {found["chunk_id"]: (found["path"], found["text"]) for found in response.json()["results"]}


def until(server: PostgresServer, sql: str, most: int, database: str = "") -> None:
    """A session whose client is gone may take its time to end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := server.psql(sql, database)[0][0]) > most:
        assert time.monotonic() < deadline, f"{found} are left: {sql}"
        time.sleep(0.2)


def survive(root: Path, own_server: PostgresServer, seconds: float, *, guarded: bool) -> None:
    root.mkdir()
    configure(root, index={"watch": False})
    write_project(root, 40)
    with ExitStack() as stack:
        name, port = stack.enter_context(own_server.database()), own_server.config.port
        if guarded:
            port = stack.enter_context(TlsEnd(port, root.parent)).port
        proxy = stack.enter_context(TroubledProxy(port, SEED, guarded=guarded))
        changes = {"port": proxy.port, "database": name, "ssl_mode": "require" if guarded else "disable"}
        config = own_server.config.model_copy(update=changes)
        with ServerProcess(root, {"AGENT_BRAIN_STORAGE_URL": config.url()}) as server:
            server.index()
            expected = {question: passages(server.http.post("/query", json=query(question))) for question in QUESTIONS}
            assert all(expected.values())
            watch = Watch(server, root, expected)
            proxy.trouble = TROUBLE
            watch.run(seconds)
            proxy.trouble = 0.0
            print(f"\n{seconds} s: {dict(proxy.done)}; {dict(watch.statuses)}; {watch.written} files")
            assert watch.wrong == []
            assert_recovered(server, own_server, name, watch, expected)
        until(own_server, SESSIONS.format(name), 0)
    log = (root / ".claude" / "agent-brain" / "test.log").read_text("utf-8")
    assert "Traceback" not in log, log[-4000:]


def assert_recovered(
    server: ServerProcess, own_server: PostgresServer, name: str, watch: Watch, expected: dict[str, Any]
) -> None:
    """The queue runs dry, each file is indexed once, and no more connections are there than the pool keeps."""
    last = server.http.post("/index", json={}, timeout=PATIENCE_SECONDS)
    assert last.status_code == 202, last.text
    assert server.wait(last.json()["id"])["state"] == "done"
    until(
        own_server, UNFINISHED, 0, name
    )  # also those of which the server had no answer when it queued or claimed them
    assert own_server.psql("SELECT DISTINCT state FROM agent_brain.jobs", name) == [("done",)]
    stored = own_server.psql(
        "SELECT count(*), count(DISTINCT path) FROM agent_brain.files WHERE path LIKE 'late/%'", name
    )
    assert stored == [(watch.written, watch.written)]
    for question in QUESTIONS:
        assert passages(server.http.post("/query", json=query(question))) == expected[question]
    until(own_server, HUNG.format(name), 0)
    until(own_server, SESSIONS.format(name), 10)
    assert server.http.get("/health/postgres").json()["in_use"] <= 1


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("guarded", [False, True], ids=["clear", "tls"])
def test_a_bad_network_gives_right_answers_or_none(tmp_path: Path, own_server: PostgresServer, guarded: bool) -> None:
    survive(tmp_path / "project", own_server, SHORT_SECONDS, guarded=guarded)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("guarded", [False, True], ids=["clear", "tls"])
def test_five_minutes_of_a_bad_network(tmp_path: Path, own_server: PostgresServer, guarded: bool) -> None:
    survive(tmp_path / "project", own_server, LONG_SECONDS, guarded=guarded)
