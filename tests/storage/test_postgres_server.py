"""What tests rely on when they take a PostgreSQL server and break it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from support.postgres import DatabaseServer, PostgresServer, StopMode, has_ended

COUNT = "SELECT count(*) FROM kept"


def at(url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(url))


@pytest.fixture
def server(own_server: PostgresServer) -> PostgresServer:
    own_server.psql("CREATE TABLE kept AS SELECT generate_series(1, 100)")
    return own_server


def test_databases_are_empty_and_have_the_extension_at_hand(postgres_url: str) -> None:
    assert at(postgres_url).psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    at(postgres_url).psql("CREATE EXTENSION vector")
    assert at(postgres_url).psql("SELECT '[1,2]'::vector <=> '[1,2]'") == [(0.0,)]


async def test_statements_run_inside_of_async_tests(postgres_url: str) -> None:
    assert at(postgres_url).psql("SELECT 1, 'a'") == [(1, "a")]


def test_a_killed_server_keeps_what_was_committed(server: PostgresServer) -> None:
    for _ in range(3):
        family = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        assert all(map(has_ended, family))
        with pytest.raises(psycopg.OperationalError, match="refused"):
            server.psql(COUNT)
        server.start()
        assert server.psql(COUNT) == [(100,)]


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_a_stopped_server_starts_again_in_the_same_place(server: PostgresServer, mode: StopMode) -> None:
    url = server.url()
    server.stop(mode)
    with pytest.raises(psycopg.OperationalError, match="refused"):
        at(url).psql(COUNT)
    server.start()
    assert at(url).psql(COUNT) == [(100,)]
    assert at(server.socket_url()).psql(COUNT) == [(100,)]


def test_a_changed_password_shuts_out_the_old_one(server: PostgresServer) -> None:
    old = server.url()
    server.change_password("it's new")
    assert server.psql(COUNT) == [(100,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        at(old).psql(COUNT)


HOLD = """
from support.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server.pid, server.folder, flush=True)
input()
"""


def test_a_server_ends_with_the_process_that_started_it(own_server: PostgresServer) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        pid, folder = holder.stdout.readline().split()
        postmaster = psutil.Process(int(pid))
        holder.send_signal(signal.SIGKILL)
    while Path(folder).exists():  # removing it is the last that is done
        time.sleep(0.01)
    assert has_ended(postmaster)
