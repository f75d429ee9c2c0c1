"""The pool of connections. A slot of it is taken on the event loop, its connection in a thread.

psycopg_pool is not used: it connects in workers of its own, so that a server which refuses the connection within 2 ms
reaches who asked as a bare PoolTimeout after the whole timeout (measured with 3.3.3: 10.0 s, without the cause), while
an answer of 503 says at once why there is no connection. It also opens its lasting connections at start, needed or not:
ten servers would use all that a PostgreSQL with its default settings has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Lock

import psycopg

from agent_brain_server.storage.postgres.driver import CONNECT_SECONDS, Connection, has_news, is_alive
from agent_brain_server.storage.postgres.failures import PoolTimeoutError

ACQUIRE_SECONDS = 10.0
RECYCLE_SECONDS = 3_600
REST_SECONDS = 10.0
TRUSTED_SECONDS = 5.0  # a connection that was idle for longer is asked whether it still lives


class Pool:
    """Up to `most` connections, of which `size` are kept when they are idle.

    The last one to be released is the first to be lent, so that the others rest. One beyond `size` is closed after
    it has rested for REST_SECONDS: under load, to close it at once and open it again would take longer than a search.
    """

    def __init__(self, connect: Callable[[], Connection], size: int, most: int) -> None:
        self._connect = connect
        self._size = size
        self._most = most
        self._slots = asyncio.Semaphore(most)
        self._idle: list[tuple[float, Connection]] = []
        self._made: dict[Connection, float] = {}
        self._lock = Lock()
        self._closed = False
        self.in_use = 0
        self.waiters = 0

    @property
    def open(self) -> int:
        """Return how many connections there are, lent or not."""
        return len(self._made)

    @property
    def is_crowded(self) -> bool:
        """Return whether the next request has to wait."""
        return self.in_use >= self._most

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold the right to one connection; raise PoolTimeoutError where none is free for ACQUIRE_SECONDS."""
        self.waiters += 1
        try:
            async with asyncio.timeout(ACQUIRE_SECONDS):
                await self._slots.acquire()
        except TimeoutError as error:
            raise PoolTimeoutError from error
        finally:
            self.waiters -= 1
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
            self._slots.release()

    def take(self) -> Connection:
        """Return a connection that lives; in a thread, and with a slot."""
        while (found := self._take_idle()) is not None:
            since, connection = found
            now = time.monotonic()
            fresh = now - self._made[connection] < RECYCLE_SECONDS
            trusted = now - since <= TRUSTED_SECONDS and not has_news(connection)
            alive = trusted or is_alive(connection, CONNECT_SECONDS)
            if fresh and alive:
                return connection
            self.discard(connection)
            if not alive:
                self._discard_idle()  # they have rested longer: to ask each may take CONNECT_SECONDS
        made = self._connect()
        with self._lock:
            self._made[made] = time.monotonic()
        return made

    def _take_idle(self) -> tuple[float, Connection] | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give(self, connection: Connection) -> None:
        """Take back a connection that nothing is running on."""
        reusable = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self._lock:
            reusable = reusable and not self._closed
            if reusable:
                self._idle.append((time.monotonic(), connection))
        if not reusable:
            self.discard(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection for good."""
        with self._lock:
            self._made.pop(connection, None)
        with suppress(psycopg.Error, OSError):
            connection.close()

    def drop_rested(self) -> None:
        """Close what is beyond `size` and has rested."""
        now = time.monotonic()
        with self._lock:
            spare = max(0, len(self._made) - self._size)
            rested = [held for since, held in self._idle[:spare] if now - since >= REST_SECONDS]
            self._idle = [(since, held) for since, held in self._idle if held not in rested]
        for connection in rested:
            self.discard(connection)

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they are released."""
        with self._lock:
            self._closed = True
        self._discard_idle()

    def _discard_idle(self) -> None:
        while (found := self._take_idle()) is not None:
            self.discard(found[1])
