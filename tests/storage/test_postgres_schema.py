"""The tables in PostgreSQL: made once, the same by any way, keyed by project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import EmbeddingMismatchError, SchemaVersionError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres import schema
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.queries import load_queries
from storage.building import MODEL, NO_EMBEDDING, TOKENIZER, find, make_file, put
from support.postgres import DatabaseServer

NAMESPACE = "n.nspname = 'agent_brain'"
CATALOGUE = {
    "columns": f"""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation,
            pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE {NAMESPACE} AND c.relkind = 'r' ORDER BY 1, a.attnum""",
    "indexes": f"""
        SELECT pg_get_indexdef(i.indexrelid), i.indisunique FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {NAMESPACE} ORDER BY 1""",
    "constraints": f"""
        SELECT conrelid::regclass, conname, pg_get_constraintdef(k.oid) FROM pg_constraint AS k
        JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE {NAMESPACE} ORDER BY 1, 2""",
    "options": f"""
        SELECT c.relname, c.reloptions FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {NAMESPACE} ORDER BY 1""",
    "version": "SELECT schema_version FROM agent_brain.meta",
}


def at(url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(url))


def catalogue(url: str) -> dict[str, list[tuple[str, ...]]]:
    """Return all that PostgreSQL knows of the tables, as text."""
    return {name: [tuple(map(str, row)) for row in at(url).psql(query)] for name, query in CATALOGUE.items()}


async def in_an_empty_namespace(url: str, make: Callable[[Session], None]) -> None:
    def work(session: Session) -> None:
        for name in ("create_extension", "create_namespace", "enter_namespace"):
            session.run(name)
        make(session)

    statements = Statements(load_queries("agent_brain_server.storage.postgres"))
    await single_transaction(PostgresConfig.from_url(url), statements, "p", work)


@asynccontextmanager
async def opened(
    url: str, root: Path, model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False
) -> AsyncIterator[Store]:
    store = create_store(url, root, model, tokenizer, discard=discard)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def projects(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"project {number}" for number in range(10)]
    for project in made:
        project.mkdir()
    return made


async def test_all_migrations_together_make_the_schema(session_server: DatabaseServer) -> None:
    with session_server.database() as by_schema, session_server.database() as by_steps:
        await in_an_empty_namespace(session_server.url(by_schema), schema.create_tables)
        await in_an_empty_namespace(session_server.url(by_steps), lambda session: schema.migrate(session, 0))
        assert catalogue(session_server.url(by_steps)) == catalogue(session_server.url(by_schema))
    assert sorted(schema.migrations()) == list(range(1, schema.SCHEMA_VERSION + 1))


async def test_an_older_schema_is_led_to_this_one_with_what_it_holds(
    postgres_url: str, projects: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(postgres_url, projects[0]) as store:
        await put(store, make_file("a.py", "alpha"))
    later = {
        **schema.migrations(),
        schema.SCHEMA_VERSION + 1: "ALTER TABLE meta ADD first TEXT;\n\nUPDATE meta SET first = 'yes; no';\n",
    }
    monkeypatch.setattr(schema, "migrations", lambda: later)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    async with opened(postgres_url, projects[0]) as store, opened(postgres_url, projects[1]):
        assert await find(store, "alpha") == ["alpha"]
    assert at(postgres_url).psql("SELECT schema_version, first FROM agent_brain.meta") == [
        (schema.SCHEMA_VERSION, "yes; no")
    ]


async def test_a_failed_migration_leaves_everything_as_it_was(
    postgres_url: str, projects: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(postgres_url, projects[0]):
        pass
    before = catalogue(postgres_url)
    broken = {schema.SCHEMA_VERSION + 1: "ALTER TABLE meta ADD first TEXT;\nSELECT 1 / 0;"}
    with monkeypatch.context() as patch:
        patch.setattr(schema, "migrations", lambda: broken)
        patch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
        with pytest.raises(Exception, match="division by zero"):
            await create_store(postgres_url, projects[0], MODEL, TOKENIZER).open()
    assert catalogue(postgres_url) == before


async def test_a_newer_schema_is_refused(postgres_url: str, projects: list[Path]) -> None:
    async with opened(postgres_url, projects[0]):
        pass
    at(postgres_url).psql("UPDATE agent_brain.meta SET schema_version = 99")
    with pytest.raises(SchemaVersionError, match=r"schema 99, this one knows 3\)\. Upgrade agent-brain"):
        await create_store(postgres_url, projects[0], MODEL, TOKENIZER).open()


async def test_ten_stores_at_once_make_one_schema(postgres_url: str, projects: list[Path]) -> None:
    stores = [create_store(postgres_url, project, MODEL, TOKENIZER) for project in projects]
    await asyncio.gather(*[store.open() for store in stores])
    await asyncio.gather(*[put(store, make_file("a.py", f"word {number}")) for number, store in enumerate(stores)])
    assert [await find(store, "word") for store in stores] == [[f"word {number}"] for number in range(10)]
    await asyncio.gather(*[store.close() for store in stores])
    assert at(postgres_url).psql("SELECT count(*) FROM agent_brain.meta") == [(1,)]
    assert at(postgres_url).psql("SELECT count(*) FROM agent_brain.projects") == [(10,)]


async def test_every_key_begins_with_the_project(postgres_url: str, projects: list[Path]) -> None:
    async with opened(postgres_url, projects[0]):
        pass
    found = catalogue(postgres_url)
    keys = [row for row in found["constraints"] if not row[2].startswith("CHECK") and not row[0].endswith("meta")]
    assert len(keys) >= 10
    for table, name, definition in keys:
        assert "(project_id" in definition, (table, name, definition)
        if definition.startswith("FOREIGN KEY"):
            assert definition.startswith("FOREIGN KEY (project_id, "), definition
            assert "(project_id, " in definition.partition("REFERENCES")[2], definition
    for definition, _ in found["indexes"]:
        if "USING btree" in definition and "meta " not in definition:
            assert "btree (project_id" in definition, definition


async def test_one_database_holds_the_vectors_of_one_model(postgres_url: str, projects: list[Path]) -> None:
    async with opened(postgres_url, projects[0]) as store:
        await put(store, make_file("a.py", "alpha"))
    other = EmbeddingModel("other", 16)
    for discard in (False, True):
        with pytest.raises(EmbeddingMismatchError) as caught:
            await create_store(postgres_url, projects[1], other, TOKENIZER, discard=discard).open()
        assert "use the embedding test-model (8 dimensions), but the settings say other (16)" in str(caught.value)
        assert "another database (storage.url)" in str(caught.value)
    async with opened(postgres_url, projects[1], NO_EMBEDDING) as store:
        await store.index.upsert_chunks([make_file("b.py", "beta")], {})
        assert await find(store, "alpha beta") == ["beta"]
    async with opened(postgres_url, projects[0]) as store:
        assert await find(store, "alpha beta") == ["alpha"]


async def test_the_vectors_column_is_as_long_as_the_model(postgres_url: str, projects: list[Path]) -> None:
    query = CATALOGUE["columns"].replace("WHERE", "WHERE a.attname = 'vector' AND c.relname = 'vectors' AND")
    for model, expected in (
        (NO_EMBEDDING, "vector"),
        (MODEL, "vector(8)"),
        (EmbeddingModel("wide", 3072), "vector(3072)"),
    ):
        async with opened(postgres_url, projects[0], model):
            pass
        assert at(postgres_url).psql(query)[0][2].rpartition(".")[2] == expected


async def test_the_application_leaves_other_schemas_alone(postgres_url: str, projects: list[Path]) -> None:
    at(postgres_url).psql("CREATE TABLE public.files (path TEXT)")
    at(postgres_url).psql("CREATE TABLE public.jobs (id INT)")
    async with opened(postgres_url, projects[0]) as store:
        await put(store, make_file("a.py", "alpha"))
        await store.jobs.add([], False, 1.0)
    assert at(postgres_url).psql("SELECT count(*) FROM public.files") == [(0,)]
    assert at(postgres_url).psql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
    ) == [("files",), ("jobs",)]


async def test_a_role_without_rights_reads_what_it_needs(
    session_server: DatabaseServer, postgres_url: str, projects: list[Path]
) -> None:
    config = PostgresConfig.from_url(postgres_url)
    role = f"{config.database}_reader"
    session_server.psql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        limited = config.model_copy(update={"user": role}).with_password("x")
        with pytest.raises(Exception, match="CREATE EXTENSION vector"):
            await create_store(limited.url(), projects[0], MODEL, TOKENIZER).open()
        at(postgres_url).psql("CREATE EXTENSION vector")
        with pytest.raises(Exception, match=f"GRANT CREATE ON DATABASE {config.database} TO {role}"):
            await create_store(limited.url(), projects[0], MODEL, TOKENIZER).open()
        at(postgres_url).psql(f"GRANT CREATE ON DATABASE {config.database} TO {role}")
        async with opened(limited.url(), projects[0]) as store:
            await put(store, make_file("a.py", "alpha"))
            await store.index.optimize()
    finally:
        at(postgres_url).psql("DROP SCHEMA IF EXISTS agent_brain CASCADE")
        with pytest.raises(psycopg.Error):
            at(postgres_url).psql("SELECT 1 FROM agent_brain.meta")
        at(postgres_url).psql(f"DROP OWNED BY {role}")
        session_server.psql(f"DROP ROLE {role}")
