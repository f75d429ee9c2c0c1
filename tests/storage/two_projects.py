"""Two projects in one PostgreSQL, and what the role of the first tries on the second."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.postgres.store import PostgresStore
from agent_brain_server.storage.queries import load_queries
from storage.building import MODEL, TOKENIZER, make_chunk, make_file, put
from storage.copying import graph_of
from support.postgres import DatabaseServer

A, B = "project-A_1", "project-B_2"
SECRET = "the words of B alone"
TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'agent_brain'::regnamespace AND relkind IN ('r', 'p', 'm', 'f')"
)
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'agent_brain.{}'::regclass AND attnum > 0 ORDER BY attnum"
SHARED = {"meta"}  # the version of the schema and the name of the embedding model: nothing of a project


class Intruder:
    """The role of A on a connection of its own."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.connection = connection

    def rows(self, sql: str) -> list[Any]:
        """Return what a statement gives, nothing where it is refused; undo all that it does."""
        try:
            with self.connection.transaction(force_rollback=True):
                cursor = self.connection.execute(sql)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            return [str(error)] if SECRET in str(error) else []

    def refused(self, sql: str) -> str:
        """Return the SQLSTATE that a statement is refused with."""
        with pytest.raises(psycopg.Error) as caught, self.connection.transaction():
            self.connection.execute(sql)
        assert SECRET not in str(caught.value)
        return str(caught.value.sqlstate)

    def status(self, sql: str) -> str:
        """Run a statement for good; return what it says that it did, `refused` if it was."""
        try:
            with self.connection.transaction():
                return str(self.connection.execute(sql).statusmessage)
        except psycopg.Error as error:
            return "secret" if SECRET in str(error) else "refused"


async def fill(config: PostgresConfig, project: str, words: str) -> None:
    """Rows in every table."""
    store = PostgresStore(config, project, MODEL, TOKENIZER)
    await store.open()
    chunk = make_chunk("src/a.py", words, symbol="run", documentation=words)
    await put(
        store, replace(make_file("src/a.py", chunk, make_chunk("src/a.py", "in both")), graph=graph_of("src/a.py", 2))
    )
    if project == B:
        await put(store, *[make_file(f"only-b/{name}.py", f"{SECRET} {name}") for name in "xyz"])
    await store.folders.save(Folder("src"))
    await store.jobs.add([], False, 1.0)
    await store.close()

    def work(session: Session) -> None:
        session.run("enter_namespace")
        ledger.begin(session, "somewhere")

    statements = Statements(load_queries("agent_brain_server.storage.postgres"))
    await single_transaction(config, statements, project, work)


def connected(config: PostgresConfig) -> psycopg.Connection[tuple[Any, ...]]:
    connection = psycopg.connect(config.url(), autocommit=True)
    connection.execute("SET search_path = agent_brain, public")
    return connection


def fetch(connection: psycopg.Connection[tuple[Any, ...]], sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def value(connection: psycopg.Connection[tuple[Any, ...]], sql: str) -> object:
    """Return the first column of the first row."""
    (row,) = fetch(connection, sql)
    return row[0]


def picture(superuser: DatabaseServer, tables: list[str]) -> dict[str, Any]:
    """Every row of B, and of what belongs to no project."""
    shown = {}
    for table in tables:
        where = "" if table in SHARED else f"WHERE project_id = '{B}'"
        shown[table] = superuser.psql(f"SELECT CAST(t AS text) FROM agent_brain.{table} AS t {where} ORDER BY 1")
    return shown
