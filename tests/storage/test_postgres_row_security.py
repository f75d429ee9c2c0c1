"""A project's role in PostgreSQL: whatever it sets and runs, it reads, changes and counts nothing of another's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from agent_brain_contract.container import project_role
from agent_brain_server.domain.content import Folder
from agent_brain_server.errors import StorageError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.connection import single_transaction
from agent_brain_server.storage.postgres.roles import grant, prepare, revoke
from agent_brain_server.storage.postgres.session import Statements
from agent_brain_server.storage.postgres.store import PostgresStore
from agent_brain_server.storage.queries import load_queries
from storage.building import MODEL, TOKENIZER, axis, find, make_chunk, make_file, nearest, put
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

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def rows(self, sql: str) -> list[Any]:
        """What a statement gives; nothing where it is refused. All that it does is undone."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            return list(await self.connection.fetch(sql))
        except asyncpg.PostgresError as error:
            return [str(error)] if SECRET in str(error) else []
        finally:
            await transaction.rollback()

    async def refused(self, sql: str) -> str:
        """The SQLSTATE that a statement is refused with."""
        with pytest.raises(asyncpg.PostgresError) as caught:
            async with self.connection.transaction():
                await self.connection.execute(sql)
        assert SECRET not in str(caught.value)
        return str(caught.value.sqlstate)

    async def status(self, sql: str) -> str:
        """What a statement says that it did, for good; `refused` if it was."""
        try:
            async with self.connection.transaction():
                return str(await self.connection.execute(sql))
        except asyncpg.PostgresError as error:
            return "told" if SECRET in str(error) else "refused"


@pytest.fixture(scope="module")
def owner(session_server: DatabaseServer) -> Iterator[PostgresConfig]:
    """An ordinary role that owns the tables, in a database of its own."""
    with session_server.database() as name:
        role = f"{name}_owner"
        session_server.psql(f"CREATE ROLE {role} LOGIN CREATEROLE PASSWORD 'x'")
        session_server.psql(f"GRANT CREATE ON DATABASE {name} TO {role}")
        session_server.psql("CREATE EXTENSION vector", name)
        config = PostgresConfig.from_url(session_server.url(name))
        try:
            yield config.model_copy(update={"user": role}).with_password("x")
        finally:
            session_server.psql("DROP SCHEMA IF EXISTS agent_brain CASCADE", name)
            made = {role, *(project_role(config.database, project) for project in (A, B, "third"))}
            for (one,) in session_server.psql("SELECT rolname FROM pg_roles"):
                if one in made:
                    session_server.psql(f"DROP OWNED BY {one}", name)
                    session_server.psql(f"DROP ROLE {one}")


@pytest.fixture(scope="module")
def superuser(session_server: DatabaseServer, owner: PostgresConfig) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(session_server.url(owner.database)))


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
    await store.save_folder(Folder("src"))
    await store.add_job([], False, 1.0)
    await store.close()
    async with single_transaction(
        config, Statements(load_queries("agent_brain_server.storage.postgres")), project
    ) as session:
        await session.run("enter_namespace")
        await ledger.begin(session, "somewhere")


@pytest.fixture(scope="module")
async def roles(owner: PostgresConfig) -> dict[str, PostgresConfig]:
    """Both projects' roles, and what each has indexed as its role."""
    granted = {project: await grant(owner, project) for project in (A, B)}
    await fill(granted[A], A, "the words of A alone")
    await fill(granted[B], B, SECRET)
    return granted


@pytest.fixture(params=["unset", "own", "other"])
async def intruder(roles: dict[str, PostgresConfig], request: pytest.FixtureRequest) -> AsyncIterator[Intruder]:
    """A's role, with the setting that the server makes, with none, and with B's."""
    connection = await connected(roles[A])
    if request.param != "unset":
        await connection.execute(f"SET agent_brain.project_id = '{A if request.param == 'own' else B}'")
    yield Intruder(connection)
    await connection.close()


async def connected(config: PostgresConfig) -> asyncpg.Connection:
    connection = await asyncpg.connect(config.url())
    await connection.execute("SET search_path = agent_brain, public")
    return connection


@pytest.fixture(scope="module")
def tables(roles: dict[str, PostgresConfig], superuser: DatabaseServer) -> list[str]:
    """All tables of the schema that the database knows of."""
    return [name for (name,) in superuser.psql(TABLES)]


def picture(superuser: DatabaseServer, tables: list[str]) -> dict[str, Any]:
    """Every row of B, and of what belongs to nobody."""
    shown = {}
    for table in tables:
        where = "" if table in SHARED else f"WHERE project_id = '{B}'"
        shown[table] = superuser.psql(f"SELECT CAST(t AS text) FROM agent_brain.{table} AS t {where} ORDER BY 1")
    return shown


def test_every_table_has_a_forced_policy_and_rows_of_both_projects(
    superuser: DatabaseServer, tables: list[str]
) -> None:
    """A new table fails here until it has them."""
    for table in tables:
        facts = f"SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'agent_brain.{table}'::regclass"
        assert superuser.psql(facts) == [(True, True)], table
        policies = superuser.psql(f"SELECT polname FROM pg_policy WHERE polrelid = 'agent_brain.{table}'::regclass")
        assert policies == [("project",)], table
        if table not in SHARED:
            present = superuser.psql(f"SELECT DISTINCT project_id FROM agent_brain.{table} ORDER BY 1")
            assert present == [(A,), (B,)], table


async def test_no_row_of_another_project_is_read_or_counted(
    intruder: Intruder, tables: list[str], superuser: DatabaseServer
) -> None:
    assert {"chunks", "vectors", "jobs", "index_state", "unfinished_copies", "project_roles"} <= set(tables)
    for table in set(tables) - SHARED:
        for sql in (
            f"SELECT project_id FROM {table}",
            f"SELECT project_id FROM {table} WHERE project_id = '{B}'",
            f"SELECT project_id FROM {table} WHERE project_id = '{B}' FOR UPDATE",
            f"SELECT project_id FROM {table} TABLESAMPLE SYSTEM (100)",
            f"SELECT t.project_id FROM projects AS p RIGHT JOIN {table} AS t ON TRUE",
            f"SELECT project_id FROM {table} WHERE ctid >= '(0,0)'",
            f"WITH s AS (SELECT set_config('agent_brain.project_id', '{B}', FALSE)) SELECT project_id FROM {table}, s",
            f"UPDATE {table} SET project_id = project_id RETURNING project_id",
            f"DELETE FROM {table} RETURNING project_id",
        ):
            assert {row["project_id"] for row in await intruder.rows(sql)} <= {A}, sql
        seen = await intruder.rows(f"SELECT count(*) AS n FROM {table} WHERE project_id <> '{A}'")
        assert [row["n"] for row in seen] in ([0], []), table
        mine = superuser.psql(f"SELECT count(*) FROM agent_brain.{table} WHERE project_id = '{A}'")[0][0]
        everything = await intruder.rows(f"SELECT count(*) AS n FROM {table}")
        assert [row["n"] for row in everything] in ([mine], [0], []), table


async def test_nothing_of_another_project_is_changed(
    intruder: Intruder, tables: list[str], superuser: DatabaseServer
) -> None:
    before = picture(superuser, tables)
    for table in tables:
        second = superuser.psql(COLUMNS.format(table))[1][0]
        for sql in (
            f"UPDATE {table} SET {second} = {second}" + ("" if table in SHARED else f" WHERE project_id = '{B}'"),
            f"DELETE FROM {table}" + ("" if table in SHARED else f" WHERE project_id = '{B}'"),
        ):
            assert (await intruder.status(sql)).split()[-1] in ("0", "refused"), sql
        assert await intruder.status(f"TRUNCATE {table} CASCADE") == "refused"
        if table not in SHARED:
            moved = await intruder.status(f"UPDATE {table} SET project_id = '{B}'")
            assert moved in ("UPDATE 0", "refused"), table
    assert picture(superuser, tables) == before


async def test_a_row_of_another_project_can_neither_be_made_nor_guessed(
    intruder: Intruder, tables: list[str], superuser: DatabaseServer
) -> None:
    """What is there already and what is not are refused alike: by the policy, before any key is compared."""
    before = picture(superuser, tables)
    for table in sorted(set(tables) - SHARED):
        columns = ", ".join(name for (name,) in superuser.psql(COLUMNS.format(table)))
        row = superuser.psql(
            f"SELECT quote_literal(to_jsonb(t)) FROM agent_brain.{table} AS t WHERE project_id = '{B}'"
        )[0][0]
        for project in (B, "nobody"):
            changed = f"{row}::jsonb || jsonb_build_object('project_id', '{project}')"
            made = f"jsonb_populate_record(NULL::{table}, {changed})"
            for conflict in ("", " ON CONFLICT DO NOTHING"):
                sql = f"INSERT INTO {table} ({columns}) SELECT * FROM {made}{conflict}"
                assert await intruder.refused(sql) == "42501", (table, project)
    assert picture(superuser, tables) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SET ROLE {owner}",
        "SET SESSION AUTHORIZATION {owner}",
        "SELECT set_config('role', '{owner}', FALSE)",
        "SET row_security = off; SELECT * FROM chunks",
        "ALTER TABLE chunks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE chunks NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY project ON chunks",
        "CREATE POLICY mine ON chunks USING (TRUE)",
        "ALTER TABLE chunks OWNER TO CURRENT_USER",
        "CREATE TRIGGER t BEFORE INSERT ON chunks FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE r AS ON INSERT TO chunks DO ALSO SELECT 1",
        "CREATE VIEW public.v AS SELECT * FROM agent_brain.chunks",
        "CREATE VIEW agent_brain.v AS SELECT * FROM agent_brain.chunks",
        "CREATE FUNCTION public.f() RETURNS INT LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION agent_brain.current_project() RETURNS TEXT LANGUAGE sql AS 'SELECT NULL::text'",
        "ALTER FUNCTION agent_brain.sees_all() OWNER TO CURRENT_USER",
        "CREATE SCHEMA mine",
        "CREATE TABLE agent_brain.mine ()",
        "CREATE INDEX ON chunks (text)",
        "CREATE STATISTICS agent_brain.s ON name, text FROM chunks",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "CREATE ROLE another",
        "INSERT INTO project_roles VALUES ('{other}', CURRENT_USER)",
        "SELECT * FROM project_roles",
        "UPDATE meta SET schema_version = 99",
        "COPY chunks FROM STDIN",
        "COPY chunks TO '/tmp/stolen'",
        "COPY chunks TO PROGRAM 'true'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT lo_import('/etc/hostname')",
        "SELECT * FROM pg_statistic",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
        "ALTER SYSTEM SET log_statement = 'all'",
        "VACUUM chunks; SELECT 1/0",
    ],
)
async def test_what_would_open_a_way_is_refused(intruder: Intruder, owner: PostgresConfig, sql: str) -> None:
    await intruder.refused(sql.format(owner=owner.user, other=B))


async def test_functions_views_and_settings_open_no_way(intruder: Intruder, superuser: DatabaseServer) -> None:
    lexeme = f"'{B[:3]}words'"
    query = f"SELECT * FROM match_terms('{B}', $${lexeme}$$::tsquery)"
    connection = intruder.connection
    for setting in ("on", "off"):
        await connection.execute(f"SET agent_brain.all_projects = '{setting}'")
        assert await connection.fetch(query) == []
        assert await connection.fetchval("SELECT sees_all()") is False
        assert {row["project_id"] for row in await connection.fetch("SELECT project_id FROM chunks")} <= {A}
        assert {row["project_id"] for row in await connection.fetch("SELECT project_id FROM chunk_terms")} <= {A}
    assert await connection.fetchval("SELECT adopt_model('mine', 3, '')") in ("others", None)
    assert superuser.psql("SELECT embedding_name FROM agent_brain.meta") == [(MODEL.name,)]
    # Names in its own temporary schema come first in a search path, but not in the functions'.
    await connection.execute("CREATE TEMP TABLE pg_class AS SELECT 1 AS oid, 1 AS relowner")
    await connection.execute(
        f"CREATE TEMP TABLE project_roles AS SELECT '{B}' AS project_id, current_user AS role_name"
    )
    await connection.execute("CREATE TEMP VIEW mine AS SELECT * FROM agent_brain.chunks")
    await connection.execute(f"SET agent_brain.project_id = '{B}'; SET agent_brain.all_projects = 'on'")
    assert await connection.fetch("SELECT * FROM mine") == []
    assert await connection.fetch(query) == []
    await connection.execute("DEALLOCATE ALL; PREPARE p AS SELECT project_id FROM agent_brain.files")
    assert await connection.fetch("EXECUTE p") == []


async def test_a_function_of_its_own_sees_no_row_before_the_policy_does(intruder: Intruder) -> None:
    """A cheap function with a side effect would be asked first, were it not for the policy."""
    connection = intruder.connection
    await connection.execute(
        "CREATE FUNCTION pg_temp.look(t TEXT) RETURNS BOOLEAN LANGUAGE plpgsql COST 0.0001 AS "
        "$$ BEGIN RAISE NOTICE 'seen %', t; RETURN TRUE; END $$"
    )
    said: list[str] = []
    connection.add_log_listener(lambda _, message: said.append(str(message)))
    await connection.fetch("SELECT 1 FROM chunks WHERE pg_temp.look(text)")
    await connection.fetch("SELECT 1 FROM chunks WHERE 1 / (CASE WHEN text LIKE '%of B%' THEN 0 ELSE 1 END) > 0")
    await connection.fetch("SELECT 1 FROM chunks JOIN files ON pg_temp.look(chunks.text || files.path)")
    assert not [text for text in said if SECRET in text]


async def test_statistics_and_other_sessions_tell_nothing(
    intruder: Intruder, superuser: DatabaseServer, roles: dict[str, PostgresConfig]
) -> None:
    superuser.psql("ANALYZE")
    connection = intruder.connection
    stats = "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE schemaname = 'agent_brain'"
    assert await connection.fetch(stats) == []
    assert await connection.fetch("SELECT * FROM pg_stats_ext WHERE schemaname = 'agent_brain'") == []
    other = await connected(roles[B])
    await other.execute(f"SELECT '{SECRET}'")
    shown = await connection.fetch("SELECT query, application_name FROM pg_stat_activity WHERE usename <> current_user")
    assert not [row for row in shown if SECRET in str(row)]
    await other.close()


GUESSES = [
    "SELECT 1 FROM files WHERE project_id BETWEEN '{b}' AND '{b}' AND path = '{path}'",
    "SELECT 1 FROM files WHERE project_id IN ('{b}', 'x') AND path IN ('{path}', 'y')",
    "SELECT 1 FROM files WHERE project_id >= '{b}' AND path >= '{path}' AND path < '{path}~'",
    "SELECT 1 FROM files WHERE (project_id = '{b}' AND path = '{path}') OR (project_id = 'x' AND path = 'y')",
    "SELECT 1 FROM files WHERE path = '{path}'",
    "SELECT 1 FROM files AS f JOIN chunks AS c ON c.file_id = f.id AND c.project_id = '{b}' WHERE f.path = '{path}'",
    "SELECT 1 FROM unnest(ARRAY['{path}']) AS p JOIN files AS f ON f.path = p AND f.project_id IN ('{b}')",
    "SELECT 1 FROM files WHERE ctid > '(0,0)' AND path = '{path}'",
]
SCANS = ("seqscan", "indexscan", "bitmapscan", "indexonlyscan", "hashjoin", "mergejoin", "nestloop", "tidscan")


@pytest.mark.parametrize("guess", GUESSES)
async def test_how_a_guess_is_run_does_not_tell_whether_it_is_right(intruder: Intruder, guess: str) -> None:
    """EXPLAIN ANALYZE counts rows that a condition removes: no more of them where B has what is asked for."""
    connection = intruder.connection
    for off in (("seqscan",), ("seqscan", "bitmapscan"), ("seqscan", "indexscan"), ("indexscan", "bitmapscan"), ()):
        for scan in SCANS:
            await connection.execute(f"SET enable_{scan} = {'off' if scan in off else 'on'}")
        seen = [
            await connection.fetch(
                f"EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) {guess.format(b=B, path=path)}"
            )
            for path in ("only-b/x.py", "nowhere/x.py")
        ]
        counts = [re.findall(r"rows=\d+|Removed.*: \d+", "\n".join(row[0] for row in plan)) for plan in seen]
        assert counts[0] == counts[1], (off, seen)


async def test_the_owner_sees_one_project_at_a_time_too(
    owner: PostgresConfig, roles: dict[str, PostgresConfig], tables: list[str]
) -> None:
    connection = await connected(owner)
    for table in set(tables) - SHARED:
        assert await connection.fetch(f"SELECT 1 FROM {table}") == [], table
    await connection.execute(f"SET agent_brain.project_id = '{A}'")
    for table in set(tables) - SHARED:
        assert {row["project_id"] for row in await connection.fetch(f"SELECT project_id FROM {table}")} == {A}, table
    await connection.close()


async def test_each_role_serves_its_own_project_alone(roles: dict[str, PostgresConfig]) -> None:
    store = PostgresStore(roles[B], B, MODEL, TOKENIZER, discard=True)
    await store.open()
    assert await store.list_folders() == [Folder("src")]
    await put(store, make_file("src/b.py", SECRET))
    assert set(await find(store, "words alone")) == {SECRET}
    assert await nearest(store, axis(1)) == [SECRET]
    await store.settle()
    await store.close()
    with pytest.raises(StorageError, match=r"may not use the project project-B_2 .* agent-brain storage grant"):
        await PostgresStore(roles[A], B, MODEL, TOKENIZER).open()


async def test_a_grant_again_changes_the_password_and_a_revocation_ends_it(
    owner: PostgresConfig, superuser: DatabaseServer
) -> None:
    first = await grant(owner, "third")
    store = PostgresStore(first, "third", MODEL, TOKENIZER)
    await store.open()
    await put(store, make_file("a.py", "gamma"))
    second = await grant(owner, "third")
    assert (first.user, first.password == second.password) == (second.user, False)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(first.url())
    attributes = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin"
    assert superuser.psql(f"SELECT {attributes} FROM pg_roles WHERE rolname = '{first.user}'") == [
        (False, False, False, False, False, True)
    ]
    connection = await connected(second)
    assert await revoke(owner, "third")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.execute("SELECT 1 FROM chunks")
    await connection.close()
    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(second.url())
    with pytest.raises(StorageError):
        await find(store, "gamma")
    await store.close()
    assert superuser.psql("SELECT count(*) FROM agent_brain.chunks WHERE project_id = 'third'") == [(1,)]
    back = await grant(owner, "third")
    store = PostgresStore(back, "third", MODEL, TOKENIZER)
    await store.open()
    assert await find(store, "gamma") == ["gamma"]
    await store.close()
    await revoke(owner, "third")
    assert not await revoke(owner, "nobody's")


async def test_who_may_not_make_roles_is_told_what_to_do(
    owner: PostgresConfig, roles: dict[str, PostgresConfig], superuser: DatabaseServer
) -> None:
    with pytest.raises(StorageError, match=rf"does not own the tables .* AGENT_BRAIN_OWNER_URL .*{owner.user}"):
        await grant(roles[A], A)
    superuser.psql(f"ALTER ROLE {owner.user} NOCREATEROLE")
    try:
        with pytest.raises(StorageError, match=f'ALTER ROLE "{owner.user}" CREATEROLE'):
            await grant(owner, "fourth")
    finally:
        superuser.psql(f"ALTER ROLE {owner.user} CREATEROLE")


async def test_the_password_is_in_no_statement(own_server: DatabaseServer) -> None:
    own_server.psql("ALTER SYSTEM SET log_statement = 'all'")
    own_server.psql("SELECT pg_reload_conf()")
    await asyncio.sleep(0.5)
    granted = await grant(own_server.config, "logged")
    log = own_server.log.read_text("utf-8", "replace")  # type: ignore[attr-defined]
    assert granted.user in log
    assert granted.password.get_secret_value() not in log


async def test_preparing_twice_changes_nothing(owner: PostgresConfig, superuser: DatabaseServer) -> None:
    await prepare(owner)
    before = superuser.psql(
        "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'agent_brain'::regnamespace"
    )
    await prepare(owner)
    after = superuser.psql(
        "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'agent_brain'::regnamespace"
    )
    assert sorted(before) == sorted(after)
