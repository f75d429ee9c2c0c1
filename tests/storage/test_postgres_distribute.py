"""Spreading the tables over a cluster, as far as it can be tried on one PostgreSQL without Citus."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest

from agent_brain_server.errors import StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.distribute import distribute
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries
from storage.building import MODEL, TOKENIZER, find, make_file, put
from support.brain import configure
from support.postgres import DatabaseServer

FOREIGN_KEYS = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'agent_brain'::regnamespace"""


async def test_a_database_without_citus_is_left_as_it_is(postgres_url: str, tmp_path: Path) -> None:
    store = create_store(postgres_url, tmp_path, MODEL, TOKENIZER)
    await store.open()
    await put(store, make_file("a.py", "alpha"))
    with pytest.raises(StorageError, match=r"has no Citus: install it there and run CREATE EXTENSION citus"):
        await distribute(PostgresConfig.from_url(postgres_url))
    assert await find(store, "alpha") == ["alpha"]
    await store.close()


async def test_the_foreign_key_comes_back_as_it_was(postgres_url: str, tmp_path: Path) -> None:
    store = create_store(postgres_url, tmp_path, MODEL, TOKENIZER)
    await store.open()
    await put(store, make_file("a.py", "alpha"))
    await store.close()
    config = PostgresConfig.from_url(postgres_url)
    before = DatabaseServer(config).psql(FOREIGN_KEYS)
    statements = Statements(load_queries("agent_brain_server.storage.postgres"))

    def work(session: Session) -> None:
        for name in ("enter_namespace", "drop_foreign_key", "add_foreign_key"):
            session.run(name)

    await single_transaction(config, statements, "p", work)
    assert len(before) == 1
    assert DatabaseServer(config).psql(FOREIGN_KEYS) == before


@pytest.mark.parametrize(
    ("in_postgres", "status", "sentence"), [(True, 1, "has no Citus"), (False, 2, "Only tables in")]
)
def test_the_command_says_why_it_cannot(
    postgres_url: str, tmp_path: Path, in_postgres: bool, status: int, sentence: str
) -> None:
    configure(tmp_path, storage={"url": postgres_url} if in_postgres else {})
    command = [sys.executable, "-m", "agent_brain_server", "storage", "distribute", "--project", tmp_path]
    done = run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
