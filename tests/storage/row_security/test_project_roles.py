"""A project's role in PostgreSQL is granted, granted again and revoked."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.errors import StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.roles import grant, prepare, revoke
from agent_brain_server.storage.postgres.store import PostgresStore
from storage.building import MODEL, TOKENIZER, axis, find, make_file, nearest, put
from storage.two_projects import SECRET, A, B, connected
from support.postgres import DatabaseServer


async def test_each_role_serves_its_own_project_alone(roles: dict[str, PostgresConfig]) -> None:
    store = PostgresStore(roles[B], B, MODEL, TOKENIZER, discard=True)
    await store.open()
    assert await store.folders.list_all() == [Folder("src")]
    await put(store, make_file("src/b.py", SECRET))
    assert set(await find(store, "words alone")) == {SECRET}
    assert await nearest(store, axis(1)) == [SECRET]
    await store.index.optimize()
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
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(first.url())
    attributes = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin"
    assert superuser.psql(f"SELECT {attributes} FROM pg_roles WHERE rolname = '{first.user}'") == [
        (False, False, False, False, False, True)
    ]
    connection = connected(second)
    assert await revoke(owner, "third")
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT 1 FROM chunks")
    connection.close()
    with pytest.raises(psycopg.Error):
        psycopg.connect(second.url())
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
    assert not await revoke(owner, "unknown")


async def test_a_role_that_may_not_make_roles_reads_what_to_do(
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
