"""A project's role in PostgreSQL: with any statement and setting, it reads, changes and counts nothing of another's."""

from __future__ import annotations

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from storage.building import MODEL
from storage.two_projects import COLUMNS, SHARED, A, B, Intruder, connected, fetch, picture, value
from support.postgres import DatabaseServer


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
            assert {row[0] for row in intruder.rows(sql)} <= {A}, sql
        seen = intruder.rows(f"SELECT count(*) AS n FROM {table} WHERE project_id <> '{A}'")
        assert [row[0] for row in seen] in ([0], []), table
        mine = superuser.psql(f"SELECT count(*) FROM agent_brain.{table} WHERE project_id = '{A}'")[0][0]
        everything = intruder.rows(f"SELECT count(*) AS n FROM {table}")
        assert [row[0] for row in everything] in ([mine], [0], []), table


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
            assert (intruder.status(sql)).split()[-1] in ("0", "refused"), sql
        assert intruder.status(f"TRUNCATE {table} CASCADE") == "refused"
        if table not in SHARED:
            moved = intruder.status(f"UPDATE {table} SET project_id = '{B}'")
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
        for project in (B, "no-one"):
            changed = f"{row}::jsonb || jsonb_build_object('project_id', '{project}')"
            made = f"jsonb_populate_record(NULL::{table}, {changed})"
            for conflict in ("", " ON CONFLICT DO NOTHING"):
                sql = f"INSERT INTO {table} ({columns}) SELECT * FROM {made}{conflict}"
                assert intruder.refused(sql) == "42501", (table, project)
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
    intruder.refused(sql.format(owner=owner.user, other=B))


async def test_functions_views_and_settings_open_no_way(intruder: Intruder, superuser: DatabaseServer) -> None:
    lexeme = f"'{B[:3]}words'"
    query = f"SELECT * FROM match_terms('{B}', $${lexeme}$$::tsquery)"
    connection = intruder.connection
    for setting in ("on", "off"):
        connection.execute(f"SET agent_brain.all_projects = '{setting}'")
        assert fetch(connection, query) == []
        assert value(connection, "SELECT sees_all()") is False
        assert {row[0] for row in fetch(connection, "SELECT project_id FROM chunks")} <= {A}
        assert {row[0] for row in fetch(connection, "SELECT project_id FROM chunk_terms")} <= {A}
    assert value(connection, "SELECT adopt_model('mine', 3, '')") in ("others", None)
    assert superuser.psql("SELECT embedding_name FROM agent_brain.meta") == [(MODEL.name,)]
    # Names in its own temporary schema come first in a search path, but not in the functions'.
    connection.execute("CREATE TEMP TABLE pg_class AS SELECT 1 AS oid, 1 AS relowner")
    connection.execute(f"CREATE TEMP TABLE project_roles AS SELECT '{B}' AS project_id, current_user AS role_name")
    connection.execute("CREATE TEMP VIEW mine AS SELECT * FROM agent_brain.chunks")
    connection.execute(f"SET agent_brain.project_id = '{B}'; SET agent_brain.all_projects = 'on'")
    assert fetch(connection, "SELECT * FROM mine") == []
    assert fetch(connection, query) == []
    connection.execute("DEALLOCATE ALL; PREPARE p AS SELECT project_id FROM agent_brain.files")
    assert fetch(connection, "EXECUTE p") == []


async def test_the_owner_sees_one_project_at_a_time_too(
    owner: PostgresConfig, roles: dict[str, PostgresConfig], tables: list[str]
) -> None:
    connection = connected(owner)
    for table in set(tables) - SHARED:
        assert fetch(connection, f"SELECT 1 FROM {table}") == [], table
    connection.execute(f"SET agent_brain.project_id = '{A}'")
    for table in set(tables) - SHARED:
        assert {row[0] for row in fetch(connection, f"SELECT project_id FROM {table}")} == {A}, table
    connection.close()
