"""The pool of connections: what is retried, what is bounded, and how it is.

A transaction is retried as a whole where it was certainly undone. One whose COMMIT got no answer is not: it may have
been done.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy import AdaptedConnection, AsyncAdaptedQueuePool, NullPool, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.errors import AgentBrainError, StorageError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres.driver import CONNECT_SECONDS, connect, end_when_idle, enter
from agent_brain_server.storage.postgres.failures import is_lost, is_repeatable, translate, translated
from agent_brain_server.storage.postgres.session import Session, Statements

ACQUIRE_SECONDS = 10.0
READ_SECONDS = 10.0
QUEUE_SECONDS = 15.0  # a transaction of the queue, the lease or the folders: a request or a heartbeat waits for it
RECYCLE_SECONDS = 3_600
REST_SECONDS = 10
TRUSTED_SECONDS = 5.0  # a connection that was idle for longer is asked whether it still lives
HEALTH_SECONDS = 2.0
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.05
START_SECONDS = 5.0
START_ATTEMPTS = 5
FIRST_START_PAUSE_SECONDS = 0.15


Work = Callable[[Session], Awaitable["Result"]]
Result = TypeVar("Result")


class Database:
    """One pool for the process; `open` it first. Safe to use from any number of tasks."""

    def __init__(self, config: PostgresConfig, statements: Statements, project_id: str) -> None:
        self.config = config
        self.statements = statements
        self.project_id = project_id
        self._waiters = 0
        self._open = 0  # connections that live or are about to, lent or not
        self._crowded = 0.0  # when more than `pool_size` were lent
        self._preparing = False
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            poolclass=AsyncAdaptedQueuePool,
            # Overflow would be closed as soon as it is given back, and under load opened again at once, which takes
            # longer than a search. Instead the database ends what has rested beyond `pool_size`.
            pool_size=config.pool_max,
            max_overflow=0,
            pool_use_lifo=True,
            pool_timeout=ACQUIRE_SECONDS,
            pool_recycle=RECYCLE_SECONDS,
        )
        event.listen(self._engine.sync_engine, "checkin", self._let_rest)
        event.listen(self._engine.sync_engine, "checkout", _check_alive)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        logging.getLogger("asyncio").addFilter(_is_news)

    async def prepare(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction without a bound on its time, before all else. A server that is only just
        starting is given some seconds."""
        self._preparing = True
        try:
            with translated(self.config):
                async with self._engine.begin() as connection:
                    return await work(Session(connection, self.statements, self.project_id))
        finally:
            self._preparing = False
            await self._engine.dispose()  # this connection has no bound, and may know nothing of vectors yet

    async def _connect(self) -> Any:
        self._open += 1
        try:
            connection = await self._reach(REST_SECONDS if self._open > self.config.pool_size else 0)
        except BaseException:
            self._open -= 1
            raise
        connection.add_termination_listener(self._note_end)
        try:
            await enter(connection, self.statements, self.project_id)
        except BaseException:  # also a cancellation: nobody else knows of this connection yet
            connection.terminate()
            raise
        return connection

    async def _reach(self, idle_seconds: int) -> Any:
        if self._preparing:
            return await connect_patiently(self.config)
        return await connect(self.config, idle_seconds=idle_seconds)

    def _note_end(self, connection: object) -> None:
        self._open -= 1

    def _let_rest(self, connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        """One that is given back. The database ends those that nobody takes, but not those that take turns."""
        now = record.info["idle_since"] = time.monotonic()
        if self._pool.checkedout() > self.config.pool_size:
            self._crowded = now
        elif self._open > self.config.pool_size and now - self._crowded > REST_SECONDS:
            record.invalidate()

    @property
    def _pool(self) -> AsyncAdaptedQueuePool:
        return cast(AsyncAdaptedQueuePool, self._engine.pool)

    async def close(self) -> None:
        """Close the connections that nobody uses; those in use close when they are given back."""
        await self._engine.dispose()

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, whose statements stand each for itself and change nothing."""

        async def attempt() -> Result:
            async with (
                asyncio.timeout(READ_SECONDS) as limit,
                self._connection(self._reading) as connection,
                _discarded_when_lost(connection, limit),
            ):
                return await work(Session(connection, self.statements, self.project_id))

        return await self._repeatedly(attempt)

    async def read_snapshot(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction that sees one state of the database and changes nothing."""

        async def attempt() -> Result:
            async with (
                asyncio.timeout(READ_SECONDS) as limit,
                self._connection(self._snapshots) as connection,
                connection.begin(),
                _discarded_when_lost(connection, limit),
            ):
                return await work(Session(connection, self.statements, self.project_id))

        return await self._repeatedly(attempt)

    async def write(self, work: Work[Result], seconds: float | None = None) -> Result:
        """Run `work` in one transaction, which may be begun anew: it must leave no trace but in the database.

        `seconds` bounds an attempt as a whole; without it each statement has its own bound.
        """
        unsure = False

        async def attempt() -> Result:
            nonlocal unsure
            unsure = False
            async with (
                asyncio.timeout(seconds) as limit,
                self._connection(self._engine) as connection,
                connection.begin() as transaction,
                _discarded_when_lost(connection, limit),
            ):
                result = await work(Session(connection, self.statements, self.project_id))
                unsure = True
                await transaction.commit()
                return result

        return await self._repeatedly(attempt, lambda error: unsure and is_lost(error))

    async def _repeatedly(
        self, attempt: Callable[[], Awaitable[Result]], final: Callable[[Exception], bool] = lambda error: False
    ) -> Result:
        for number in range(1, ATTEMPTS + 1):
            try:
                return await attempt()
            except AgentBrainError:
                raise
            except Exception as error:
                again = is_repeatable(error) or (is_lost(error) and not isinstance(error, TimeoutError))
                if number == ATTEMPTS or not again or final(error):
                    with translated(self.config):
                        raise
            await asyncio.sleep(backoff(number, FIRST_PAUSE_SECONDS))
        raise AssertionError("the last attempt returns or raises")

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        self._waiters += 1
        waiting = True
        try:
            async with engine.connect() as connection:
                self._waiters -= 1
                waiting = False
                yield connection
        finally:
            self._waiters -= waiting

    async def health(self) -> DatabaseHealth:
        """Ask the server anew, through the pool."""
        started = time.perf_counter()
        versions, detail = ("", ""), ""
        try:
            # Behind many questions it waits for a connection as they do: that is not the database's fault.
            crowded = self._pool.checkedout() >= self.config.pool_max
            async with asyncio.timeout(READ_SECONDS if crowded else HEALTH_SECONDS):
                found = await self.read(lambda session: session.one("check_health"))
            versions = (found[0], found[1] or "")
        except StorageError as error:
            detail = str(error)
        except TimeoutError as error:
            detail = str(translate(error, self.config))
        return self._picture(versions, detail, (time.perf_counter() - started) * 1e3)

    def _picture(self, versions: tuple[str, str], detail: str, milliseconds: float) -> DatabaseHealth:
        in_use = self._pool.checkedout()
        known = max(self._open, in_use)  # one that has ended may be lent before it is opened again
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
            waiters=self._waiters,
            latency_ms=round(milliseconds, 3),
        )


@asynccontextmanager
async def _discarded_when_lost(connection: AsyncConnection, limit: asyncio.Timeout) -> AsyncIterator[None]:
    """Never lend a connection again on which an answer did not come or could not be read: the driver waits for it.

    Before the transaction on it ends, which would wait as long.
    """
    try:
        yield
    except BaseException as error:
        if (is_lost(error) or limit.expired()) and not connection.invalidated:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.terminate()
            await connection.invalidate(error)
        raise


def _check_alive(connection: AdaptedConnection, record: ConnectionPoolEntry, proxy: object) -> None:
    """In place of SQLAlchemy's own ping, whose three round trips before every use take longer than most searches."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) > TRUSTED_SECONDS:
        try:
            connection.run_async(lambda driver: driver.execute("SELECT 1", timeout=CONNECT_SECONDS))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DisconnectionError from error


def _is_news(record: logging.LogRecord) -> bool:
    """asyncio reports a lost connection anew when the driver forgets who waited for it; they were told."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, Exception) and is_lost(error))


async def connect_patiently(config: PostgresConfig) -> Any:
    """As `connect`, with no bound, and tried again for some seconds while the server does not answer."""
    async with asyncio.timeout(START_SECONDS):
        for attempt in range(1, START_ATTEMPTS):
            try:
                return await connect(config, statement_seconds=0)
            except Exception as error:
                if not is_lost(error):
                    raise
            await asyncio.sleep(backoff(attempt, FIRST_START_PAUSE_SECONDS))
        return await connect(config, statement_seconds=0)


@asynccontextmanager
async def single_session(config: PostgresConfig, statements: Statements, project_id: str) -> AsyncIterator[Session]:
    """A session on a connection of its own, each statement for itself, with no bound on its time while it is run."""

    async def creator() -> Any:
        return await connect(config, statement_seconds=0)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=creator, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            driver: Any = (await alone.get_raw_connection()).driver_connection
            watch = asyncio.create_task(end_when_idle(driver, config))
            try:
                yield Session(alone, statements, project_id)
            except BaseException:
                driver.terminate()  # to close it in due form may take as long as the statement
                raise
            finally:
                watch.cancel()
    finally:
        await engine.dispose()


@asynccontextmanager
async def single_transaction(config: PostgresConfig, statements: Statements, project_id: str) -> AsyncIterator[Session]:
    """As `single_session`, all statements in one transaction that is committed at the end."""
    async with single_session(config, statements, project_id) as session:
        connection = await session.connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            yield Session(connection, statements, project_id)


def backoff(attempt: int, first: float) -> float:
    """Seconds to wait after this attempt (from 1): doubled each time, and between half and all of it by chance."""
    return first * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret is made of it
