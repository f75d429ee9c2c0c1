"""What doctor reads next to the file of an index, without the server: the write-ahead log and the vectors."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.storage.sqlite.matrix_header import cache_path
from agent_brain_server.storage.sqlite.schema import SCHEMA_VERSION
from agent_brain_server.storage.sqlite.store import SqliteStore
from agent_brain_wizard.checks.sqlite_file import NEWEST_SCHEMA, embedded_by, faults
from agent_brain_wizard.checks.vector_cache import is_damaged
from agent_brain_wizard.checks.write_ahead_log import lost_frames
from storage.building import axis, make_file, nearest, put
from support.damage import flip_bytes

HEADER, FRAME, PAGE = 32, 24, 4096
MODEL = EmbeddingModel("test-model", 8)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A database with three transactions in its log, as a killed process leaves it."""
    path, left = tmp_path / "live.db", tmp_path / "index.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        for number in range(3):
            connection.execute(f"CREATE TABLE t{number} AS SELECT randomblob(9000) AS content")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
        yield left


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def test_a_log_that_is_whole_loses_nothing(database: Path) -> None:
    assert lost_frames(database) == ""
    log_of(database).write_bytes(b"")
    assert lost_frames(database) == ""
    log_of(database).unlink()
    assert lost_frames(database) == ""


def test_a_transaction_that_was_being_written_is_no_damage(database: Path) -> None:
    log = log_of(database)
    os.truncate(log, log.stat().st_size - PAGE - FRAME)
    assert lost_frames(database) == ""
    os.truncate(log, log.stat().st_size - 100)
    assert lost_frames(database) == ""


@pytest.mark.parametrize("within", [0, 8, 16, FRAME + 50], ids=["number", "salt", "checksum", "page"])
def test_a_frame_that_is_not_as_it_was_written_is_found(database: Path, within: int) -> None:
    flip_bytes(log_of(database), HEADER + FRAME + PAGE + within, 4)
    assert lost_frames(database) == "from frame 2 on"


@pytest.mark.parametrize("at", [0, 8, 16, 24])
def test_a_header_that_is_not_as_it_was_written_is_found(database: Path, at: int) -> None:
    flip_bytes(log_of(database), at, 4)
    assert lost_frames(database)


def test_frames_of_an_older_log_are_no_damage(tmp_path: Path) -> None:
    """A log is written again from its start after it was copied into the database."""
    path, left = tmp_path / "live.db", tmp_path / "index.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t AS SELECT randomblob(90000) AS content")
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        connection.execute("CREATE TABLE other (content)")
        shutil.copy(f"{path}-wal", f"{left}-wal")
    assert (tmp_path / "index.db-wal").stat().st_size > 90_000
    assert lost_frames(left) == ""


async def test_vectors_are_read_as_the_server_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    store = SqliteStore(path, MODEL, "1")
    await store.open()
    await store.folders.save(Folder("src"))
    await put(store, *[make_file(f"f{number}.py", f"word {number}") for number in range(20)])
    await nearest(store, axis(1))
    assert is_damaged(cache_path(path)) is None
    await store.close()
    cache = cache_path(path)
    assert is_damaged(cache) is False
    whole = cache.read_bytes()
    for at in (8, 44, 64, 200, len(whole) - 2):
        flip_bytes(cache, at, 1)
        assert is_damaged(cache) is True, at
        cache.write_bytes(whole)
    os.truncate(cache, len(whole) // 2)
    assert is_damaged(cache) is True
    assert (faults(path), embedded_by(path)) == ([], "test-model")
    assert NEWEST_SCHEMA == SCHEMA_VERSION
