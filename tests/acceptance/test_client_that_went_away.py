"""A client that closes its connection: what it asked for ends in the database too, and the server goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from support.brain import HEADERS, ServerProcess, configure, write_files
from support.postgres import DatabaseServer

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
SOON_SECONDS = 8  # less than the timeout of a statement
CLIENTS = 3


@contextmanager
def locked(server: DatabaseServer, name: str) -> Iterator[None]:
    """Nobody can read the files of the index meanwhile."""
    with psycopg.connect(server.url(name)) as connection:
        tables = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename = 'files'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def ask_and_leave(server: ServerProcess) -> None:
    url = f"{server.http.base_url}/query"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json={"query": "retry the token"}, headers=HEADERS, timeout=1.5, trust_env=False)


def wait_for(server: DatabaseServer, name: str, waiting: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (found := server.psql(WAITING, name)) != [(waiting,)]:
        assert time.monotonic() < deadline, f"{found[0][0]} statements still wait, not {waiting}"
        time.sleep(0.05)


@pytest.mark.postgres
def test_a_search_ends_with_its_client(tmp_path: Path, session_server: DatabaseServer) -> None:
    write_files(tmp_path, {"a.py": "def retry(token):\n    return token\n"})
    configure(tmp_path)
    with session_server.database() as name:
        with ServerProcess(tmp_path, {"AGENT_BRAIN_STORAGE_URL": session_server.url(name)}) as server:
            server.index()
            expected = server.http.post("/query", json={"query": "retry the token"}).json()["results"]
            with locked(session_server, name):
                clients = [threading.Thread(target=ask_and_leave, args=(server,)) for _ in range(CLIENTS)]
                for client in clients:
                    client.start()
                wait_for(session_server, name, CLIENTS, seconds=30)
                for client in clients:
                    client.join()
                wait_for(session_server, name, 0, SOON_SECONDS)
            assert server.http.post("/query", json={"query": "retry the token"}).json()["results"] == expected
        assert "Traceback" not in (tmp_path / ".claude" / "agent-brain" / "test.log").read_text("utf-8")
