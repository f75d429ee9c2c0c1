"""PostgreSQL on a bad day, under the real server: nothing lost, each fault said in a sentence, and on by itself."""

from __future__ import annotations

import random
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest

from agent_brain_server.domain.content import hash_text
from support.brain import ServerProcess, configure, write_files
from support.corpus import long_source, write_project
from support.embedding_endpoint import EmbeddingEndpoint
from support.faults import fill_disk, small_disk
from support.interruption import Indexed, RationedEndpoint, assert_same_rows, wait_for_the_end
from support.postgres import PASSWORD, DatabaseServer, PostgresServer, frozen
from support.postgres_index import ProjectRows

FILES = 1_500
KILLS = 10
LATEST_KILL_SECONDS = 0.25
SERVER_KILLS = 3
ALLOWANCES = (1, 2, 3)  # how many requests are answered before the next kill
SEED = 20_261
PUT_OFF = "indexing is paused, next try within"


class SlowEndpoint(EmbeddingEndpoint):
    """Takes a tenth of a second for an answer."""

    def delay(self, seconds: float) -> None:
        """Before an answer."""
        super().delay(0.1)


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with SlowEndpoint(dimensions=8) as running:
        yield running


@pytest.fixture
def rationed(monkeypatch: pytest.MonkeyPatch) -> Iterator[RationedEndpoint]:
    with RationedEndpoint(dimensions=8) as running:
        # A client that is killed leaves half a request behind.
        monkeypatch.setattr(running._server, "handle_error", lambda *_: None)
        yield running


def make_project(root: Path, endpoint: EmbeddingEndpoint, files: int = FILES) -> Path:
    root.mkdir()
    write_project(root, files)
    provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "test", "dimensions": 8}
    configure(root, embedding=provider)
    return root


def serve(root: Path, url: str) -> ServerProcess:
    return ServerProcess(root, {"AGENT_BRAIN_STORAGE_URL": url})


def log_of(root: Path) -> str:
    return (root / ".claude" / "agent-brain" / "test.log").read_text("utf-8")


@pytest.fixture(scope="module")
def expected(session_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Indexed:
    """The index that a job makes of the project when nothing is killed."""
    root = tmp_path_factory.mktemp("undisturbed") / "project"
    with EmbeddingEndpoint(dimensions=8) as endpoint, session_server.database() as name:
        make_project(root, endpoint)
        with serve(root, session_server.url(name)) as server:
            assert server.index()["progress"]["files_done"] == FILES
        indexed = ProjectRows(session_server, name, root).read()
        assert Counter(map(hash_text, endpoint.texts)) == Counter(indexed.vectors.keys()), "every text is embedded once"
    return indexed


def wait_for_a_text(endpoint: EmbeddingEndpoint, asked: int) -> None:
    deadline = time.monotonic() + 30
    while len(endpoint.texts) == asked:
        assert time.monotonic() < deadline, "the job does not go on by itself"
        time.sleep(0.005)


def wait_for_lines(root: Path, text: str, more_than: int) -> None:
    deadline = time.monotonic() + 30
    while log_of(root).count(text) <= more_than:
        assert time.monotonic() < deadline, log_of(root)[-2000:]
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_ten_kills_of_postgresql_leave_the_index_of_an_undisturbed_run(
    tmp_path: Path, own_server: PostgresServer, endpoint: EmbeddingEndpoint, expected: Indexed
) -> None:
    """It is back at once or only after the job has given up: what is repeated is not said, what is put off is."""
    rng, kills = random.Random(SEED), []
    with own_server.database() as name:
        root = make_project(tmp_path / "killed", endpoint)
        rows = ProjectRows(own_server, name, root)
        with serve(root, own_server.url(name)) as server:
            assert server.http.post("/index", json={}).status_code == 202
            for number in range(KILLS):
                wait_for_a_text(endpoint, len(endpoint.texts))
                time.sleep(rng.uniform(0, LATEST_KILL_SECONDS))
                said = log_of(root).count(PUT_OFF)
                own_server.kill()
                if number % 3:
                    wait_for_lines(root, PUT_OFF, said)
                asked = len(endpoint.texts)
                own_server.start()
                kills.append((asked, rows.vector_hashes()))
            job = server.wait(1)
        assert job["progress"]["files_done"] == FILES
        assert job["attempt"] > KILLS // 2
        assert_same_rows(rows.read(), expected)
    hashes = list(map(hash_text, endpoint.texts))
    for asked, stored in kills:
        assert not stored.intersection(hashes[asked:]), "a text whose vector was stored was embedded again"
    sizes = [len(stored) for _, stored in kills]
    assert sizes == sorted(sizes), "nothing that was stored is lost"
    print(f"\nstored at each kill: {sizes}; {len(hashes)} texts asked for, {len(expected.vectors)} distinct")
    assert_said_in_sentences(root, job["attempt"] - 1)


def assert_said_in_sentences(root: Path, times: int) -> None:
    """So often the log says that indexing is paused and why, and it holds nothing else than lines of its own."""
    lines = log_of(root).splitlines()
    assert [line for line in lines if not re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ", line)] == []
    said = [line for line in lines if PUT_OFF in line]
    assert len(said) >= times
    assert all("PostgreSQL at 127.0.0.1:" in line and "start it" in line for line in said), said


def end_lease(server: PostgresServer, database: str) -> None:
    """As if its time had passed: whoever had it was killed."""
    server.psql("UPDATE agent_brain.index_state SET writer_until = clock_timestamp()", database)


def kill_while_indexing(root: Path, url: str, endpoint: RationedEndpoint, seconds: float) -> None:
    asked = len(endpoint.texts)
    with serve(root, url) as server:
        wait_for_a_text(endpoint, asked)
        time.sleep(seconds)
        assert server.http.get("/index/jobs/1").json()["state"] == "running", "the kill must land while indexing"
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.kill()
    wait_for_the_end(children)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_kills_of_the_server_leave_the_index_of_an_undisturbed_run(
    tmp_path: Path, own_server: PostgresServer, rationed: RationedEndpoint, expected: Indexed
) -> None:
    rng, kills = random.Random(SEED), []
    with own_server.database() as name:
        root, url = make_project(tmp_path / "killed", rationed), own_server.url(name)
        rows = ProjectRows(own_server, name, root)
        with serve(root, url) as server:
            assert server.http.post("/index", json={}).status_code == 202
            server.kill()
        for _ in range(SERVER_KILLS):
            end_lease(own_server, name)
            rationed.allowed = rng.choice(ALLOWANCES)
            kill_while_indexing(root, url, rationed, rng.uniform(0, LATEST_KILL_SECONDS))
            kills.append((len(rationed.texts), rows.vector_hashes()))
        rationed.allowed = None
        end_lease(own_server, name)
        with serve(root, url) as server:
            job = server.wait(1)
        assert job["attempt"] > SERVER_KILLS
        assert job["progress"]["files_done"] == FILES
        assert_same_rows(rows.read(), expected)
    hashes = list(map(hash_text, rationed.texts))
    for asked, stored in kills:
        assert not stored.intersection(hashes[asked:]), "a text whose vector was stored was embedded again"
    print(f"\nstored at each kill: {[len(stored) for _, stored in kills]} of {len(expected.vectors)}")


class Clients:
    """Eight that ask all the time while this is entered; `answers` are the responses, in the order that they came."""

    def __init__(self, server: ServerProcess) -> None:
        self.answers: list[httpx.Response] = []
        self._server = server
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(8)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._end.is_set():
            self.answers.append(self._server.http.post("/query", json={"query": "retry the token"}))

    def wait_for(self, status: int, times: int = 20) -> None:
        """Until so many answers of this status have come from now on."""
        begun, deadline = len(self.answers), time.monotonic() + 30
        while sum(answer.status_code == status for answer in self.answers[begun:]) < times:
            assert time.monotonic() < deadline, f"{status} does not come"
            time.sleep(0.01)


def assert_sentence(response: httpx.Response, *parts: str) -> None:
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) >= 1
    problem = response.json()
    assert problem["code"] == "storage_unavailable"
    for part in ("PostgreSQL at 127.0.0.1:", *parts):
        assert part in problem["detail"]
    assert "\n" not in problem["detail"]
    assert PASSWORD not in response.text


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    root = tmp_path / "small"
    root.mkdir()
    configure(root)
    write_project(root, 60)
    return root


@pytest.mark.slow
def test_eight_clients_live_through_a_database_that_comes_and_goes(
    small_project: Path, own_server: PostgresServer
) -> None:
    with own_server.database() as name, serve(small_project, own_server.url(name)) as server:
        server.index()
        expected = server.http.post("/query", json={"query": "retry the token"}).json()["results"]
        with Clients(server) as clients:
            for mode in ("fast", "immediate"):
                clients.wait_for(200)
                own_server.stop(mode)  # type: ignore[arg-type]
                clients.wait_for(503)
                own_server.start()
                clients.wait_for(200)
            with frozen(own_server):
                assert_sentence(server.http.get("/health/postgres"), "no answer in time")
            clients.wait_for(200)
        refused = [answer for answer in clients.answers if answer.status_code != 200]
        for answer in refused:
            assert_sentence(answer)
        assert all(answer.json()["results"] == expected for answer in clients.answers if answer.status_code == 200)
        print(f"\n{len(clients.answers)} answers, {len(refused)} of them 503: {Counter(map(sentence, refused))}")
        assert server.index()["progress"]["files_changed"] == 0
        assert server.http.get("/health/postgres").json()["in_use"] <= 1
    assert "Traceback" not in log_of(small_project)


def sentence(response: httpx.Response) -> str:
    return str(response.json()["detail"]).partition("(")[2]


def test_a_password_that_is_changed_is_said_and_put_back(small_project: Path, own_server: PostgresServer) -> None:
    with own_server.database() as name, serve(small_project, own_server.url(name)) as server:
        server.index()
        expected = server.http.post("/query", json={"query": "retry the token"}).json()["results"]
        own_server.change_password("another")
        own_server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        for _ in range(3):
            response = server.http.post("/query", json={"query": "retry the token"})
            assert_sentence(response, "refuses the login of agent_brain", "POSTGRES_PASSWORD")
        assert_sentence(server.http.post("/index", json={}), "refuses the login")
        assert_sentence(server.http.get("/health/postgres"), "refuses the login")
        own_server.change_password(PASSWORD)
        assert server.http.post("/query", json={"query": "retry the token"}).json()["results"] == expected
        assert server.index()["progress"]["files_changed"] == 0


@pytest.mark.slow
def test_a_full_disk_is_said_and_the_job_goes_on_when_there_is_space(
    small_project: Path, own_server: PostgresServer
) -> None:
    place = own_server.folder / "small"
    place.mkdir()
    with small_disk(place, 60):
        shutil.chown(place, *owner(own_server))
        own_server.psql(f"CREATE TABLESPACE small LOCATION '{place}'")
        own_server.psql("CREATE DATABASE full_one TABLESPACE small")
        with serve(small_project, own_server.url("full_one")) as server:
            server.index()
            expected = server.http.post("/query", json={"query": "retry the token"}).json()["results"]
            filler = fill_disk(place, 100_000)
            write_files(small_project, {f"late/m{number}.py": long_source(20, number) for number in range(60)})
            assert server.http.post("/index", json={}).status_code == 202
            wait_for_lines(small_project, "no space left", 1)
            job = server.http.get("/index/jobs/2").json()
            assert job["state"] in ("queued", "running")
            assert "has no space left: free some on its disk" in job["error"]
            assert server.http.post("/query", json={"query": "retry the token"}).json()["results"] == expected
            assert "no space left" in server.http.get("/health/status").json()["job"]["error"]
            filler.unlink()
            job = server.wait(2)
            assert (job["error"], job["progress"]["files_done"]) == ("", 120)
            assert server.http.get("/health/status").json()["index"]["files"] == 120
            assert server.index()["progress"]["files_changed"] == 0
    assert "Traceback" not in log_of(small_project)


def owner(server: PostgresServer) -> tuple[int, int]:
    found = server.folder.stat()
    return found.st_uid, found.st_gid
