"""Errors of SQLite and the file system, as one sentence that names the fix."""

from __future__ import annotations

import errno
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_brain_contract.index_file import foreign_file
from agent_brain_server.errors import (
    StorageDamagedError,
    StorageError,
    StorageFullError,
    StorageGoneError,
    StorageReadOnlyError,
)
from agent_brain_server.storage.checks import repeated_chunk_id

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
# What SQLite says of our own statements when a table, or one beneath a virtual table, is not there.
_LACKING = (
    "no such table",
    "no such column",
    "no such module",
    "vtable constructor failed",
    "SQL logic error",
    "invalid fts5 file format",
    "no such fts5 table",
)
# Text that is no UTF-8, which has no code of its own.
_UNDECODABLE = "Could not decode to UTF-8"
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise StorageError for what goes wrong with the database at `path` in the block."""
    with database_errors(path):
        try:
            yield
        except OSError as error:
            raise _translate_os(error, path) from error


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Translate errors as `translated` does, in a block that also uses other files: only SQLite's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes a damaged schema
        raise damaged(path, "its schema is not UTF-8") from error


def damaged(path: Path, what: str = "") -> StorageDamagedError:
    """Return the error for a file that cannot be read as an index; `what` says what is wrong with it."""
    return StorageDamagedError(
        f"{path} is damaged or not an Agent Brain index{what and f' ({what})'}. Its files can be indexed again. "
        "Run: agent-brain start --reindex",
        path=str(path),
    )


def gone(path: Path) -> StorageGoneError:
    """Return the error for an open file that is not the one at its path."""
    return StorageGoneError(
        f"{path} was deleted or replaced while the server was running; the server ends. Run: agent-brain start",
        path=str(path),
    )


def not_a_file(path: Path) -> StorageError:
    """Return the error for something else than a file in the place of one of the index's files."""
    return StorageError(
        f"{path} is a link, a directory or a pipe, but the index needs a file there. Run: "
        f"mv {_quoted(path)} {_quoted(path, '.moved')}",
        path=str(path),
    )


def not_ours(path: Path) -> StorageError:
    """Return the error for a file of the user's in the place of one of the index's files."""
    return StorageError(
        f"{path} is another program's file, but a new index needs that name. Run: "
        f"mv {_quoted(path)} {_quoted(path, '.moved')}",
        path=str(path),
    )


def refuse_foreign_file(root: Path, path: Path) -> None:
    """Raise StorageError where `path`, outside the state directory of the project at `root`, is no index of ours."""
    if refusal := foreign_file(root, path):
        raise StorageError(refusal, path=str(path))


def _quoted(path: Path, suffix: str = "") -> str:
    return shlex.quote(f"{path}{suffix}")


def _translate(error: sqlite3.Error, path: Path) -> StorageError:
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_CONSTRAINT_UNIQUE and "chunk_id" in str(error):
        return repeated_chunk_id()
    if code & 0xFF in _DAMAGED or str(error).startswith((*_LACKING, _UNDECODABLE)):
        return damaged(path, str(error))
    if code in _FULL:
        return _full(path)
    if code & 0xFF in _UNWRITABLE:
        return _unwritable(path, str(error))
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageError(f"{path} is locked by another process. End it and try again.", path=str(path))
    return StorageError(f"SQLite could not use {path}: {error}. See: agent-brain doctor", path=str(path))


def _translate_os(error: OSError, path: Path) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path)
    return _unwritable(path, error.strerror or str(error))


def _full(path: Path) -> StorageFullError:
    return StorageFullError(f"the disk is full: free some space on the disk of {path} and try again", path=str(path))


def _unwritable(path: Path, reason: str) -> StorageReadOnlyError:
    return StorageReadOnlyError(
        f"Cannot write the index {path}: {reason}. Make {path.parent} writable, or set AGENT_BRAIN_STORAGE_URL "
        "to a file elsewhere.",
        path=str(path),
    )
