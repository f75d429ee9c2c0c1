"""Threads and connections: one writer, a few readers, none of them on the event loop.

A task that is cancelled while it waits leaves its work to run to its end in its thread: a transaction is never cut.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from agent_brain_server.errors import StorageError
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.sqlite.failures import translated
from agent_brain_server.storage.sqlite.filters import register_functions
from agent_brain_server.storage.sqlite.schema import refuse_foreign
from agent_brain_server.storage.sqlite.session import Session

READERS = 3
BUSY_SECONDS = 10.0
BUSY_PAUSE_SECONDS = 0.01
# The writer sorts pages before it writes them; readers leave caching to the operating system.
WRITER_CACHE_KIB = 8_192
READER_CACHE_KIB = 2_048
WAL_LIMIT_BYTES = 32 * 1024 * 1024

Result = TypeVar("Result")


class Connections:
    """The open database. Safe to use from any number of tasks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queries = load_queries(__package__)
        self._writing = ThreadPoolExecutor(1, "index-writer")
        self._reading = ThreadPoolExecutor(READERS, "index-reader")
        self._local = threading.local()
        self._sessions: list[Session] = []

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on the writer's connection, after the work that came before it."""
        return await self._run(self._writing, lambda: self._call(work, WRITER_CACHE_KIB))

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on one of the readers' connections."""
        if self._is_at_hand():
            return self._call(work, READER_CACHE_KIB)
        return await self._run(self._reading, lambda: self._call(work, READER_CACHE_KIB))

    async def read_both(
        self, first: Callable[[Session], Result], second: Callable[[Session], Result]
    ) -> tuple[Result, Result]:
        """Run both at once, if another reader is free when the first begins."""
        if not self._is_at_hand():
            return await self.read(first), await self.read(second)
        handed: Future[Result] = Future()
        with suppress(RuntimeError):  # the index is being closed: its readers end what they have begun
            handed = self._reading.submit(lambda: self._call(second, READER_CACHE_KIB))
        try:
            result = self._call(first, READER_CACHE_KIB)
        except BaseException:
            handed.cancel()
            raise
        # Not waited for while it has not begun: all readers might do so at once.
        return result, self._call(second, READER_CACHE_KIB) if handed.cancel() else handed.result()

    async def beside(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Run `work` in a thread of a reader, where its reads are plain calls."""
        if self._is_at_hand():
            return await work()

        def call() -> Result:
            self._call(lambda session: None, READER_CACHE_KIB)
            return _finished(work())

        return await self._run(self._reading, call)

    def _is_at_hand(self) -> bool:
        """Whether this thread has a connection of its own."""
        return getattr(self._local, "session", None) is not None

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], Result]) -> Result:
        try:
            future = asyncio.get_running_loop().run_in_executor(threads, call)
        except RuntimeError as error:
            raise StorageError("The index is closed.") from error
        return await future

    def _call(self, work: Callable[[Session], Result], cache_kib: int) -> Result:
        with translated(self.path):
            return work(self._session(cache_kib))

    def _session(self, cache_kib: int) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(_connect(self.path, cache_kib), self._queries)
            self._sessions.append(session)
        return session

    def close(self) -> None:
        """Wait for the running work, then close; the last connection to go copies the log into the database."""
        self._writing.shutdown()
        self._reading.shutdown()
        while self._sessions:
            self._sessions.pop().connection.close()

    def keep_log_short(self, session: Session) -> None:
        """Copy the write-ahead log into the database once it has grown, outside of any transaction."""
        log = self.path.with_name(self.path.name + "-wal")
        if log.exists() and log.stat().st_size > WAL_LIMIT_BYTES:
            session.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def empty_log(self, session: Session) -> None:
        """Copy the write-ahead log into the database and cut it off, as far as no reader needs it."""
        with suppress(sqlite3.OperationalError):  # a reader is in the way: the next time
            session.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _finished(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine that never waits returns."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    coroutine.close()
    raise RuntimeError("what runs beside the index waits for something else")


def create_file(path: Path) -> None:
    """Make the database file, readable by its owner only; SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _connect(path: Path, cache_kib: int) -> sqlite3.Connection:
    # Closed by another thread than its own, after that one has ended: hence no check of the thread.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        refuse_foreign(connection, path)
        _configure(connection, cache_kib)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection, cache_kib: int) -> None:
    _write_ahead(connection)
    # NORMAL: a process that is killed loses nothing; a power cut may lose the last transactions, never half of one.
    # These files are then missing from the manifest too, so that the next run indexes them again.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten, so that a secret that was taken out of a file does not stay in unused pages.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute(f"PRAGMA cache_size = -{cache_kib:d}")
    # The log is copied by keep_log_short instead of inside COMMIT, which vector searches wait for.
    connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    connection.execute("PRAGMA journal_size_limit = 8388608").fetchall()
    register_functions(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """The change to this mode does not wait for others at the file as every other statement does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(BUSY_PAUSE_SECONDS)
