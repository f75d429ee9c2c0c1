"""Starting on PostgreSQL: refused in one sentence that names the fix, or served; never on another backend instead."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.errors import AgentBrainError
from agent_brain_server.settings.postgres import PostgresConfig
from support.brain import Brain, ServerProcess, configure, write_files
from support.consent import accept
from support.embedding_endpoint import EmbeddingEndpoint
from support.faults import taken_port
from support.postgres import DatabaseServer, PostgresServer, ServerWithoutPgvector

SERVERS = 10
BY_THE_PROCESS = ("a port that says nothing", "a wrong password", "a missing database", "another model")
LIMITED_PASSWORD = secrets.token_hex(8)
ODD = "ü'o\"n%/?#@: 日"
# What the one sentence must say of each; `{place}` is the server and the database.
REFUSALS = {
    "a closed port": ("{place} does not answer (connection refused)", "start it, or correct storage.url"),
    "a port that says nothing": ("{place} does not answer (no answer in time)", "start it"),
    "a port of something else": ("{place}", "storage.url"),
    "an unknown host": ("no-such-host.invalid:", "start it, or correct storage.url"),
    "a missing socket": ("/nowhere/at/all", "start it, or correct storage.url"),
    "a wrong password": ("{place} refuses the login of {user}", "correct POSTGRES_PASSWORD in .env.agent-brain"),
    "an unknown user": ("{place} refuses the login of nobody", "correct POSTGRES_PASSWORD in .env.agent-brain"),
    "a missing database": ("{place} has no database missing", "createdb missing"),
    "no right to add pgvector": ("may not add pgvector to {place}", "CREATE EXTENSION vector"),
    "no right to add tables": ("GRANT CREATE ON DATABASE",),
    "an old pgvector": ("{place} has pgvector 0.8.3", "0.8.4 or newer", "ALTER EXTENSION vector UPDATE"),
    "no pgvector": ("{place} has no pgvector", "postgresql-NN-pgvector"),
    "a newer schema": ("written by a newer Agent Brain (schema 99", "Upgrade agent-brain"),
    "another model": ("16 dimensions", "8", "agent-brain start --reindex"),
    "a model of other projects": ("Other projects in {place}", "storage.url"),
}


def make_project(root: Path, **sections: object) -> Path:
    root.mkdir(parents=True)
    configure(root, **sections)
    write_files(root, {"retry.py": "def schedule_retry(delay):\n    return delay * 2\n"})
    return root


def changed(config: PostgresConfig, **fields: object) -> PostgresConfig:
    return PostgresConfig.model_validate({**config.model_dump(), **fields})


def served(root: Path, config: PostgresConfig) -> ServerProcess:
    return ServerProcess(root, {"AGENT_BRAIN_STORAGE_URL": config.url()})


def refusal(root: Path, config: PostgresConfig) -> str:
    """The one sentence with which the server does not start. No index is made elsewhere, and no password is shown."""
    command = [sys.executable, "-m", "agent_brain_server", "--project", str(root)]
    environment = {**os.environ, "AGENT_BRAIN_STORAGE_URL": config.url()}
    begun = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, (done.returncode, done.stderr)
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("agent-brain: ")
    assert config.password.get_secret_value() not in done.stdout + done.stderr
    assert not list(root.rglob("index.db*"))
    assert not (root / ".claude" / "agent-brain" / "server.json").exists()
    print(f"{time.monotonic() - begun:.1f} s  {line}")
    return line


async def refusal_here(root: Path, config: PostgresConfig) -> str:
    """The same, in this process: starting another takes longer than most refusals."""
    config_file = root / ".claude" / "agent-brain" / "config.yaml"
    config_file.write_text(json.dumps({**json.loads(config_file.read_text()), "storage": {"url": config.url()}}))
    accept(root)
    with pytest.raises(AgentBrainError) as refused:
        async with Brain(root):
            pass
    line = str(refused.value)
    assert "\n" not in line
    assert config.password.get_secret_value() not in line
    assert not list(root.rglob("index.db*"))
    print(line)
    return line


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """A port at which something else answers every connection with `data`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        connection.recv(1024)
                        connection.sendall(data)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def places(session_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(session_server, tmp_path_factory.mktemp("refused"), stack)


class Places:
    """Databases with something wrong, by name, and a project for each."""

    def __init__(self, server: DatabaseServer, directory: Path, stack: ExitStack) -> None:
        self.server = server
        self.directory = directory
        self.stack = stack
        self.role = f"limited_{secrets.token_hex(4)}"
        self.configs = {**self._unreachable(), **self._with_a_wrong_login(), **self._without_rights(), **self._odd()}
        self.projects = {name: make_project(directory / name) for name in self.configs}
        self._index_with_another_model()
        with ThreadPoolExecutor(len(self.configs)) as pool:
            names = list(self.configs)
            lines = pool.map(lambda name: self._refuse(name, self.projects[name], self.configs[name]), names)
            self.lines = dict(zip(names, lines, strict=True))

    def _refuse(self, name: str, root: Path, config: PostgresConfig) -> str:
        return refusal(root, config) if name in BY_THE_PROCESS else asyncio.run(refusal_here(root, config))

    def _database(self) -> PostgresConfig:
        return changed(self.server.config, database=self.stack.enter_context(self.server.database()))

    def _unreachable(self) -> dict[str, PostgresConfig]:
        config = self.server.config
        silent, other = self.stack.enter_context(taken_port()), self.stack.enter_context(answering(b"HTTP/1.1 400\r\n"))
        return {
            "a closed port": changed(config, host="127.0.0.1", port=1),
            "a port that says nothing": changed(config, host="127.0.0.1", port=silent),
            "a port of something else": changed(config, host="127.0.0.1", port=other),
            "an unknown host": changed(config, host="no-such-host.invalid"),
            "a missing socket": changed(config, host="/nowhere/at/all"),
        }

    def _with_a_wrong_login(self) -> dict[str, PostgresConfig]:
        config = self._database()
        return {
            "a wrong password": config.with_password("wrong"),
            "an unknown user": changed(config, user="nobody"),
            "a missing database": changed(config, database="missing"),
        }

    def _without_rights(self) -> dict[str, PostgresConfig]:
        self.server.psql(f"CREATE ROLE {self.role} LOGIN PASSWORD '{LIMITED_PASSWORD}'")
        self.stack.callback(self.server.psql, f"DROP ROLE {self.role}")
        bare, prepared = self._database(), self._database()
        self.server.psql("CREATE EXTENSION vector", prepared.database)
        return {
            "no right to add pgvector": changed(bare, user=self.role, password=LIMITED_PASSWORD),
            "no right to add tables": changed(prepared, user=self.role, password=LIMITED_PASSWORD),
        }

    def _odd(self) -> dict[str, PostgresConfig]:
        old, newer = self._database(), self._database()
        self.server.psql("CREATE EXTENSION vector", old.database)
        self.server.psql("UPDATE pg_extension SET extversion = '0.8.3' WHERE extname = 'vector'", old.database)
        with served(make_project(self.directory / "first"), newer):
            pass
        self.server.psql("UPDATE agent_brain.meta SET schema_version = 99", newer.database)
        return {"an old pgvector": old, "a newer schema": newer}

    def _index_with_another_model(self) -> None:
        endpoint = self.stack.enter_context(EmbeddingEndpoint(16))
        provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "test"}
        root, config = self.directory / "another model", self._database()
        make_project(root, embedding={**provider, "dimensions": 16})
        with served(root, config) as server:
            server.index()
        configure(root, embedding={**provider, "dimensions": 8})
        for name in ("another model", "a model of other projects"):
            self.configs[name] = config
        self.projects |= {"another model": root, "a model of other projects": make_project(self.directory / "other")}


@pytest.mark.parametrize("name", [name for name in REFUSALS if name != "no pgvector"])
def test_a_database_that_cannot_serve_is_refused_in_one_sentence(places: Places, name: str) -> None:
    config, line = places.configs[name], places.lines[name]
    for part in REFUSALS[name]:
        assert part.format(place=f"{config.host}:{config.port}/{config.database}", user=config.user) in line


def test_a_server_without_pgvector_is_refused_in_one_sentence(tmp_path: Path, session_server: DatabaseServer) -> None:
    try:
        server = ServerWithoutPgvector()
    except LookupError as error:
        pytest.skip(str(error))
    with server:
        line = refusal(make_project(tmp_path / "plain"), server.config)
    for part in REFUSALS["no pgvector"]:
        assert part.format(place=f"127.0.0.1:{server.config.port}/postgres") in line


def test_ten_servers_at_once_make_one_schema_in_a_database_with_odd_names(
    tmp_path: Path, own_server: PostgresServer
) -> None:
    name, password = ODD.replace('"', '""'), ODD.replace("'", "''")
    own_server.psql(f"CREATE ROLE \"{name}\" SUPERUSER LOGIN PASSWORD '{password}'")
    own_server.psql(f'CREATE DATABASE "{name}" OWNER "{name}"')
    config = changed(own_server.config, database=ODD, user=ODD, password=ODD)
    roots = [make_project(tmp_path / f"проект {number} 店") for number in range(SERVERS)]
    servers = [served(root, config) for root in roots]
    with ThreadPoolExecutor(SERVERS) as pool, ExitStack() as stack:
        for server in servers:
            stack.callback(lambda one: one.process.poll() is None and one.stop(), server)
        list(pool.map(lambda server: server.start(timeout=60), servers))
        assert servers[0].index()["progress"]["files_done"] == 1
        found = servers[0].http.post("/query", json={"query": "schedule_retry"}).json()["results"]
        assert [result["path"] for result in found] == ["retry.py"]
        assert ODD not in servers[0].http.get("/health/status").json()["storage"]["location"].rpartition("/")[0]
    stored = DatabaseServer(config).psql("SELECT project_id FROM agent_brain.projects")
    assert {project for (project,) in stored} == {location_id(root) for root in roots}
    assert len(DatabaseServer(config).psql("SELECT 1 FROM agent_brain.meta")) == 1
