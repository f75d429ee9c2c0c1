"""Connections of a command's own, outside of the pool: no bound on their time while the server works for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import LiteralString, TypeVar

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.driver import Connection, backoff, connect, cut_off
from agent_brain_server.storage.postgres.failures import is_lost
from agent_brain_server.storage.postgres.running import Running, run_in_thread
from agent_brain_server.storage.postgres.session import TRANSACTION, Session, Statements

START_SECONDS = 5.0
START_ATTEMPTS = 5
FIRST_START_PAUSE_SECONDS = 0.15
WATCH_SECONDS = 5.0
IDLE_SINCE: LiteralString = "SELECT CASE WHEN state = 'idle' THEN state_change END FROM pg_stat_activity WHERE pid = $1"

Result = TypeVar("Result")


class Alone:
    """A connection that lives until it is closed; one function uses it at a time."""

    def __init__(self, config: PostgresConfig, session: Session) -> None:
        self._config = config
        self._session = session

    async def run(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a thread, each of its statements a transaction unless it begins one."""
        watch = asyncio.create_task(_end_when_idle(self._session.connection, self._config))
        try:
            return await run_in_thread(None, lambda running: self._call(work, running))
        finally:
            watch.cancel()

    def another(self) -> AbstractAsyncContextManager[Alone]:
        """Open one more connection for the same project."""
        return single_session(self._config, self._session.statements, self._session.project_id)

    def _call(self, work: Callable[[Session], Result], running: Running) -> Result:
        running.use(self._session.connection)
        try:
            return work(self._session)
        finally:
            running.release()


@asynccontextmanager
async def single_session(
    config: PostgresConfig, statements: Statements, project_id: str, *, patient: bool = False
) -> AsyncIterator[Alone]:
    """Open a connection for as long as this is entered; with `patient`, try again while the server does not answer."""
    connection = await (_connect_patiently(config) if patient else _connect(config))
    try:
        yield Alone(config, Session(connection, statements, project_id))
    finally:
        connection.close()


async def single_transaction(
    config: PostgresConfig,
    statements: Statements,
    project_id: str,
    work: Callable[[Session], Result],
    *,
    patient: bool = False,
) -> Result:
    """Run `work` on a connection of its own, in one transaction."""

    def call(session: Session) -> Result:
        with session.transaction(TRANSACTION):
            return work(session)

    async with single_session(config, statements, project_id, patient=patient) as alone:
        return await alone.run(call)


async def _connect(config: PostgresConfig) -> Connection:
    """Return a connection with no bound on its statements."""
    made = asyncio.ensure_future(asyncio.to_thread(connect, config, statement_seconds=0))
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        made.add_done_callback(_close)  # its thread ends within CONNECT_SECONDS
        raise


def _close(made: asyncio.Future[Connection]) -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().close()


async def _connect_patiently(config: PostgresConfig) -> Connection:
    """Connect; try again for some seconds while the server does not answer."""
    deadline = time.monotonic() + START_SECONDS
    for attempt in range(1, START_ATTEMPTS):
        begun = time.monotonic()
        try:
            return await _connect(config)
        except Exception as error:
            now = time.monotonic()
            pause = backoff(attempt, FIRST_START_PAUSE_SECONDS)
            if not is_lost(error) or now + pause + (now - begun) > deadline:
                raise
        await asyncio.sleep(pause)
    return await _connect(config)


async def _end_when_idle(connection: Connection, config: PostgresConfig) -> None:
    """End the connection when its server waits for the next statement, twice in a row: an answer was lost on the way.

    That distinguishes a statement without a bound on its time from one that has ended.
    """
    pid, seen = connection.info.backend_pid, None
    while not connection.closed:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            found = await asyncio.to_thread(_idle_since, config, pid)
        except Exception as error:
            if not is_lost(error):
                raise
            continue
        if found is None or (found[0] is not None and found[0] == seen):
            cut_off(connection)
        seen = found and found[0]


def _idle_since(config: PostgresConfig, pid: int) -> tuple[object, ...] | None:
    with connect(config) as connection:
        return connection.execute(IDLE_SINCE, [pid]).fetchone()
