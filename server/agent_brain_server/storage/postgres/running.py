"""Plain functions that block, run in threads for a task: when it is cancelled, the database ends the statement."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from math import inf
from threading import Lock
from typing import TypeVar

from agent_brain_server.errors import StorageError
from agent_brain_server.storage.postgres.driver import CANCEL_SECONDS, Connection, cancel, cut_off

Result = TypeVar("Result")


class Running:
    """A function that runs in a thread, and the connection that it uses. Safe to use from any thread."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._ended = False
        self._lock = Lock()
        self.since = time.monotonic()  # when it began, or last began a statement

    def use(self, connection: Connection) -> None:
        """Say which connection the function uses from now on; raise CancelledError where it should have ended."""
        with self._lock:
            self._connection = connection
            if self._ended:
                raise asyncio.CancelledError

    def note(self) -> None:
        """Say that a statement begins."""
        self.since = time.monotonic()

    def release(self) -> bool:
        """Say that it uses the connection no more; False where that was ended from outside.

        What was sent to end a statement may still reach the next one on that connection.
        """
        with self._lock:
            self._connection = None
            return not self._ended

    def cancel(self) -> None:
        """Have the server end the statement."""
        with self._lock:
            self._ended = True
            if self._connection is not None:
                cancel(self._connection)

    def cut_off(self) -> None:
        """End the connection, so that the function ends."""
        with self._lock:
            self._ended = True
            if self._connection is not None:
                cut_off(self._connection)


async def run_in_thread(
    threads: Executor | None,
    work: Callable[[Running], Result],
    seconds: float = inf,
    silent_seconds: float = inf,
) -> Result:
    """Return what `work` returns; raise TimeoutError after so many seconds, or so many without a new statement.

    Its thread has ended when this returns or raises: no other thread uses the connection meanwhile. Raise StorageError
    where `threads` take no more work.
    """
    running = Running()
    try:
        done = asyncio.get_running_loop().run_in_executor(threads, work, running)
    except RuntimeError as error:
        raise StorageError("The index is closed.") from error
    deadline = time.monotonic() + seconds
    try:
        while not done.done():
            left = min(deadline, running.since + silent_seconds) - time.monotonic()
            if left <= 0:
                break
            await asyncio.wait([done], timeout=None if left == inf else left)
    except asyncio.CancelledError:
        await _ended(asyncio.ensure_future(_end(done, running)))
        raise
    if done.done():
        return done.result()
    running.cut_off()
    await _ended(done)
    _forget(done)
    raise TimeoutError


async def _end(done: asyncio.Future[Result], running: Running) -> None:
    """Ask the server to end the statement, and end the connection where that is of no use."""
    await asyncio.to_thread(running.cancel)
    await asyncio.wait([done], timeout=CANCEL_SECONDS)
    if not done.done():
        running.cut_off()
        await asyncio.wait([done])
    _forget(done)


async def _ended(future: asyncio.Future[Result]) -> None:
    """Wait for it, however often the task is cancelled meanwhile."""
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])


def _forget(done: asyncio.Future[Result]) -> None:
    """Wait for the function, and ignore its error: it was ended from outside."""
    if not done.cancelled():
        done.exception()
