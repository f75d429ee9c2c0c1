"""Transactions on the connections of a pool: what is retried, what is bounded, and how the database is.

A transaction is retried as a whole where it was certainly undone. One whose COMMIT got no answer is not: it may have
been done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import TypeVar

from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.errors import AgentBrainError, StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import pool
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.driver import STATEMENT_SECONDS, Connection, backoff, connect, enter
from agent_brain_server.storage.postgres.failures import is_lost, is_repeatable, translated
from agent_brain_server.storage.postgres.pool import Pool
from agent_brain_server.storage.postgres.running import Running, run_in_thread
from agent_brain_server.storage.postgres.session import SNAPSHOT, Session, Statements

READ_SECONDS = 10.0  # a statement of a read, and what is done with its answer
PASS_SECONDS = 30.0  # a read as a whole
QUEUE_SECONDS = 15.0  # a transaction of the queue, the lease or the folders: a request or a heartbeat waits for it
HEALTH_SECONDS = 2.0
MOST_SILENT_SECONDS = STATEMENT_SECONDS + 5.0  # a statement that takes longer is one whose answer was lost
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.05

Result = TypeVar("Result")
Work = Callable[[Session], Result]


class Database:
    """One pool for the process. Safe to use from any number of tasks of one event loop."""

    def __init__(self, config: PostgresConfig, statements: Statements, project_id: str) -> None:
        self.config = config
        self.statements = statements
        self.project_id = project_id
        self._pool = Pool(self._connect, config.pool_size, config.pool_max)
        self._threads = ThreadPoolExecutor(config.pool_max, "index-database")
        self._resting: asyncio.TimerHandle | None = None

    async def prepare(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction without a bound on its time, before all else. A server that is only just
        starting is given some seconds."""
        with translated(self.config):
            return await single_transaction(self.config, self.statements, self.project_id, work, patient=True)

    def _connect(self) -> Connection:
        connection = connect(self.config)
        try:
            enter(connection, self.statements, self.project_id)
        except BaseException:
            connection.close()
            raise
        return connection

    async def close(self) -> None:
        """Wait for what runs, which has bounds of its own, begin nothing more, and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._pool.close)
        if self._resting is not None:
            self._resting.cancel()

    async def read(self, work: Work[Result], seconds: float = PASS_SECONDS) -> Result:
        """Run `work` in one transaction that sees one state of the database and changes nothing.

        `seconds` bound it as a whole, and READ_SECONDS what it does from one statement to the next.
        """

        def attempt(session: Session) -> Result:
            with session.transaction(SNAPSHOT):
                return work(session)

        return await self._run(attempt, seconds, READ_SECONDS)

    async def write(self, work: Work[Result], seconds: float = inf) -> Result:
        """Run `work` in one transaction, which may be run again: it must leave no trace but in the database.

        `seconds` bounds an attempt as a whole; without it each statement has its own bound.
        """
        unsure = False

        def attempt(session: Session) -> Result:
            nonlocal unsure
            unsure = False
            with session.transaction():
                result = work(session)
                unsure = True
            return result

        return await self._run(attempt, seconds, MOST_SILENT_SECONDS, lambda error: unsure and is_lost(error))

    async def _run(
        self,
        work: Work[Result],
        seconds: float,
        silent_seconds: float,
        final: Callable[[Exception], bool] = lambda error: False,
    ) -> Result:
        """Run `work` in a thread, on a connection of the pool; again where it was certainly undone, unless `final`."""
        for number in range(1, ATTEMPTS + 1):
            try:
                async with self._pool.slot():
                    return await run_in_thread(
                        self._threads, lambda running: self._lend(work, running), seconds, silent_seconds
                    )
            except AgentBrainError:
                raise
            except Exception as error:
                again = is_repeatable(error) or (is_lost(error) and not isinstance(error, TimeoutError))
                if number == ATTEMPTS or not again or final(error):
                    with translated(self.config):
                        raise
            finally:
                self._let_rest()
            await asyncio.sleep(backoff(number, FIRST_PAUSE_SECONDS))
        raise AssertionError("the last attempt returns or raises")

    def _lend(self, work: Work[Result], running: Running) -> Result:
        connection = self._pool.take()
        try:
            running.use(connection)
            return work(Session(connection, self.statements, self.project_id, running.note))
        except BaseException as error:
            if is_lost(error):  # also one whose answer could not be read: it is not lent again
                self._pool.discard(connection)
            raise
        finally:
            if running.release():
                self._pool.give(connection)
            else:
                self._pool.discard(connection)

    def _let_rest(self) -> None:
        """Close connections beyond the usual number when they have rested."""
        if self._resting is None and self._pool.open > self.config.pool_size:
            self._resting = asyncio.get_running_loop().call_later(pool.REST_SECONDS, self._drop_rested)

    def _drop_rested(self) -> None:
        self._resting = None
        asyncio.get_running_loop().run_in_executor(None, self._pool.drop_rested)
        self._let_rest()

    async def health(self) -> DatabaseHealth:
        """Ask the server, through the pool."""
        started = time.perf_counter()
        versions, detail = ("", ""), ""
        try:
            # Behind many questions it waits for a connection as they do: that is not the database's fault.
            seconds = READ_SECONDS if self._pool.is_crowded else HEALTH_SECONDS
            found = await self.read(lambda session: session.one("check_health"), seconds)
            versions = (found[0], found[1] or "")
        except StorageError as error:
            detail = str(error)
        return self._picture(versions, detail, (time.perf_counter() - started) * 1e3)

    def _picture(self, versions: tuple[str, str], detail: str, milliseconds: float) -> DatabaseHealth:
        in_use = self._pool.in_use
        known = max(self._pool.open, in_use)  # a slot that was just taken may have no connection yet
        return DatabaseHealth(
            healthy=not detail,
            detail=detail,
            server_version=versions[0],
            pgvector_version=versions[1],
            pool_size=self.config.pool_size,
            pool_max=self.config.pool_max,
            in_use=in_use,
            idle=known - in_use,
            overflow=max(0, known - self.config.pool_size),
            waiters=self._pool.waiters,
            latency_ms=round(milliseconds, 3),
        )
