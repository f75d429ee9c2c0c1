"""Connections of the driver's own: how they are made, whose rows they show, and when nobody answers on one any more."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from pgvector.asyncpg import register_vector
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres.failures import is_lost
from agent_brain_server.storage.postgres.session import Statements

CONNECT_SECONDS = 2.0
STATEMENT_SECONDS = 30
WATCH_SECONDS = 5.0
IDLE_SINCE = "SELECT CASE WHEN state = 'idle' THEN state_change END FROM pg_stat_activity WHERE pid = $1"

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]


async def connect(config: PostgresConfig, *, statement_seconds: int = STATEMENT_SECONDS, idle_seconds: int = 0) -> Any:
    """A connection of the driver's own; 0 seconds set no bound."""
    return await asyncpg.connect(
        host=config.host,
        port=config.port,
        user=config.user,
        password=config.password.get_secret_value() or None,
        database=config.database,
        ssl=None if config.host.startswith("/") else config.ssl_mode,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds + 5 if statement_seconds else None,
        server_settings={
            "application_name": "agent-brain",
            "statement_timeout": f"{statement_seconds}s",
            "idle_session_timeout": f"{idle_seconds}s",
            # Statements are short: compiling them takes longer than running them, and a plan for any values misses
            # what these very values would allow.
            "jit": "off",
            "plan_cache_mode": "force_custom_plan",
        },
    )


async def enter(driver: Any, statements: Statements, project_id: str) -> None:
    """Enter our tables' schema as this project, whose rows alone the policies show, and let the driver read and write
    vectors where pgvector is there.

    A connection serves one project from its first statement to its last, so that the setting holds in each of its
    transactions without a round trip for each.
    """
    compiled = statements.make(("enter_namespace",)).compile(dialect=_DIALECT)
    schema = await driver.fetchval(str(compiled), project_id)
    if schema is not None:
        await register_vector(driver, schema=schema)


async def end_when_idle(driver: Any, config: PostgresConfig) -> None:
    """End the connection when its server waits for the next statement, twice in a row: an answer was lost on the way.

    That is how a statement without a bound on its time is told from one that nobody runs any more.
    """
    pid, seen = driver.get_server_pid(), None
    while not driver.is_closed():
        await asyncio.sleep(WATCH_SECONDS)
        try:
            found = await _ask(config, pid)
        except Exception as error:
            if not is_lost(error):
                raise
            continue
        if found is None or (found[0] is not None and found[0] == seen):
            driver.terminate()
        seen = found and found[0]


async def _ask(config: PostgresConfig, pid: int) -> Any:
    connection = await connect(config)
    try:
        return await connection.fetchrow(IDLE_SINCE, pid, timeout=CONNECT_SECONDS)
    finally:
        connection.terminate()
