"""A database with two projects, and its roles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent_brain_contract.container import project_role
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.roles import grant
from storage.two_projects import SECRET, TABLES, A, B, Intruder, connected, fill
from support.postgres import DatabaseServer


@pytest.fixture(scope="module")
def owner(session_server: DatabaseServer) -> Iterator[PostgresConfig]:
    """Yield an ordinary role that owns the tables, in a database of its own."""
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


@pytest.fixture(scope="module")
async def roles(owner: PostgresConfig) -> dict[str, PostgresConfig]:
    """Both projects' roles, and what each has indexed as its role."""
    granted = {project: await grant(owner, project) for project in (A, B)}
    await fill(granted[A], A, "the words of A alone")
    await fill(granted[B], B, SECRET)
    return granted


@pytest.fixture(params=["unset", "own", "other"])
def intruder(roles: dict[str, PostgresConfig], request: pytest.FixtureRequest) -> Iterator[Intruder]:
    """A's role, with the setting that the server makes, with none, and with B's."""
    connection = connected(roles[A])
    if request.param != "unset":
        connection.execute(f"SET agent_brain.project_id = '{A if request.param == 'own' else B}'")
    yield Intruder(connection)
    connection.close()


@pytest.fixture(scope="module")
def tables(roles: dict[str, PostgresConfig], superuser: DatabaseServer) -> list[str]:
    """Return all tables of the schema that the database knows of."""
    return [name for (name,) in superuser.psql(TABLES)]
