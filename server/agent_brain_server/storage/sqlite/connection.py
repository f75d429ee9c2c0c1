"""Threads and connections: one writer, a few readers, none of them on the event loop.

A task that is cancelled while it waits leaves its work to run to its end in its thread: a transaction is never cut.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from agent_brain_contract.defaults import SIDE_FILES
from agent_brain_contract.regular_files import open_regular_file
from agent_brain_server.errors import StorageError, StorageGoneError
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.sqlite.failures import database_errors, gone, not_a_file, not_ours, translated
from agent_brain_server.storage.sqlite.filters import register_functions
from agent_brain_server.storage.sqlite.matrix_header import cache_path, may_be_cache
from agent_brain_server.storage.sqlite.schema import refuse_foreign
from agent_brain_server.storage.sqlite.session import Session

READERS = 3
BUSY_SECONDS = 10.0
BUSY_PAUSE_SECONDS = 0.01
# The writer sorts pages before it writes them; readers leave caching to the operating system.
WRITER_CACHE_KIB = 8_192
READER_CACHE_KIB = 2_048
JOURNAL_MARK = bytes.fromhex("d9d505f920a163d7")
WAL_LIMIT_BYTES = 32 * 1024 * 1024

Result = TypeVar("Result")
FileIdentity = tuple[int, int]


class Connections:
    """The open database. Safe to use from any number of tasks.

    What is open must stay the file at `path`, whose `identity` create_file gave: StorageGoneError is raised otherwise,
    before and after each write, so that nothing counts as written that went into a deleted file.
    """

    def __init__(self, path: Path, identity: FileIdentity) -> None:
        self.path = path
        self._identity = identity
        self._queries = load_queries(__package__)
        self._writing = ThreadPoolExecutor(1, "index-writer")
        self._reading = ThreadPoolExecutor(READERS, "index-reader")
        self._local = threading.local()
        self._sessions: list[Session] = []

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on the writer's connection, after the work that came before it."""

        def call() -> Result:
            self.require_in_place()
            with translated(self.path):
                result = work(self._session(WRITER_CACHE_KIB))
            self.require_in_place()
            return result

        return await self._run(self._writing, call)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in one transaction, on the connection and in the thread of a reader."""

        def call() -> Result:
            self.require_in_place()
            with translated(self.path):
                session = self._session(READER_CACHE_KIB)
            with database_errors(self.path), session.transaction():
                return work(session)

        return await self._run(self._reading, call)

    async def _run(self, threads: ThreadPoolExecutor, call: Callable[[], Result]) -> Result:
        try:
            future = asyncio.get_running_loop().run_in_executor(threads, call)
        except RuntimeError as error:
            raise StorageError("The index is closed.") from error
        return await future

    def require_in_place(self) -> None:
        """Raise StorageGoneError unless the file that is open is the one at its path."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise gone(self.path) from error
        if (status.st_dev, status.st_ino) != self._identity:
            raise gone(self.path)

    def is_in_place(self) -> bool:
        """Return whether the file that is open is the one at its path."""
        try:
            self.require_in_place()
        except StorageGoneError:
            return False
        return True

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


def create_file(path: Path) -> FileIdentity:
    """Make the database file, readable by its owner only; SQLite gives its side files the same mode.

    Raise StorageError where something else than a file is in the place of one of them, and where a new index would
    keep its vectors in a file that is not ours.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    require_files(path)
    _remove_foreign_journal(path.with_name(f"{path.name}-journal"))
    vectors = cache_path(path)
    if not (path.exists() and path.stat().st_size) and not may_be_cache(vectors):
        raise not_ours(vectors)
    descriptor = open_regular_file(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    try:
        status = os.fstat(descriptor)
        if os.name == "posix" and status.st_mode & 0o077 and status.st_uid == os.geteuid():
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    return status.st_dev, status.st_ino


def _remove_foreign_journal(path: Path) -> None:
    """Remove a journal that names a super-journal: SQLite would delete that file, whichever it is.

    An index is one file, whose transactions have no super-journal. The mark is described under "The Rollback Journal"
    of SQLite's file format, where it ends the file.
    """
    try:
        journal = os.fdopen(open_regular_file(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")
    except FileNotFoundError:
        return
    with journal:
        journal.seek(max(journal.seek(0, os.SEEK_END) - len(JOURNAL_MARK), 0))
        names_another = journal.read() == JOURNAL_MARK
    if names_another:
        path.unlink(missing_ok=True)


def require_files(path: Path) -> None:
    """Call `require_file` for the database at `path` and the files that SQLite adds."""
    for suffix in ("", *SIDE_FILES):
        require_file(path.with_name(path.name + suffix))


def require_file(path: Path) -> None:
    """Raise StorageError where `path` is anything else than a file or nothing. No link is followed."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise not_a_file(path)


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
    connection.execute("PRAGMA trusted_schema = OFF")
    # What is deleted is overwritten, so that a secret that was taken out of a file does not stay in unused pages.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute(f"PRAGMA cache_size = -{cache_kib:d}")
    # The log is copied by keep_log_short instead of inside COMMIT, which vector searches wait for.
    connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    connection.execute("PRAGMA journal_size_limit = 8388608").fetchall()
    register_functions(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the journal mode, which does not wait for other connections as every other statement does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(BUSY_PAUSE_SECONDS)
