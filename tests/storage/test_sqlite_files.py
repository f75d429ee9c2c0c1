"""The files of a SQLite index: whose they are, what may be in their place, and stores that share them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_brain_server.errors import StorageError
from storage.building import axis, find, make_file, nearest, put, statistics
from storage.sqlite_index import open_and_close, store_in


async def test_all_files_are_for_their_owner_only(tmp_path: Path) -> None:
    store = store_in(tmp_path / "new")
    await store.open()
    await put(store, make_file("a.py", "text"))
    await nearest(store, axis(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == dict.fromkeys(["index.db", "index.db-wal", "index.db-shm", "index.vectors"], 0o600)
    assert (await statistics(store)).bytes >= sum(
        (tmp_path / "new" / name).stat().st_size for name in ("index.db", "index.db-wal", "index.vectors")
    )
    await store.close()
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"index.db", "index.vectors"}


async def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "index.db").mkdir()
    with pytest.raises(StorageError, match="Run: mv "):
        await open_and_close(tmp_path)


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
@pytest.mark.parametrize("name", ["index.db", "index.db-wal", "index.db-shm", "index.db-journal", "index.vectors"])
async def test_only_files_hold_the_index(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "index" / name
    path.parent.mkdir()
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(StorageError, match=rf"{name} is a link, a directory or a pipe.* Run: mv "):
        await open_and_close(tmp_path / "index")
    assert [found.name for found in path.parent.iterdir()] == [name]
    assert not (tmp_path / "elsewhere").exists()


def _unlink(path: Path) -> None:
    path.unlink()


def _put_aside(path: Path) -> None:
    path.rename(path.with_suffix(".aside"))


def _replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


@pytest.mark.parametrize("remove", [_unlink, _put_aside, _replace_by_a_copy])
async def test_a_file_that_is_no_longer_the_index_is_neither_written_nor_read(
    tmp_path: Path, remove: Callable[[Path], None]
) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, make_file("a.py", "text"))
    remove(tmp_path / "index.db")
    for work in (
        put(store, make_file("b.py", "late")),
        find(store, "text"),
        statistics(store),
    ):
        with pytest.raises(StorageError, match=r"index\.db was deleted or replaced.* agent-brain start") as refused:
            await work
        assert refused.value.code == "storage_gone"
    there = sorted(path.name for path in tmp_path.iterdir())
    await store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == there


@pytest.mark.parametrize("attempt", range(5))
async def test_stores_that_open_one_new_file_at_once(tmp_path: Path, attempt: int) -> None:
    stores = [store_in(tmp_path) for _ in range(6)]
    await asyncio.gather(*[store.open() for store in stores])
    await asyncio.gather(*[put(store, make_file(f"{at}.py", "word")) for at, store in enumerate(stores)])
    assert len(await find(stores[attempt], "word")) == 6
    for store in stores:
        await store.close()


async def test_a_new_file_is_opened_once_another_process_lets_go_of_it(tmp_path: Path) -> None:
    held = sqlite3.connect(tmp_path / "index.db", check_same_thread=False, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, held.rollback)
    release.start()
    store = store_in(tmp_path)
    await store.open()
    release.join()
    held.close()
    await put(store, make_file("a.py", "word"))
    assert await find(store, "word") == ["word"]
    await store.close()


async def test_two_stores_on_one_file_see_each_others_writes(tmp_path: Path) -> None:
    first, second = store_in(tmp_path), store_in(tmp_path)
    await asyncio.gather(first.open(), second.open())
    await put(first, make_file("a.py", "one"))
    assert await nearest(second, axis(1)) == ["one"]
    await put(second, make_file("a.py", "two"))
    assert await nearest(first, axis(1)) == ["two"]
    assert await find(first, "one two") == ["two"]
    await first.close()
    await second.close()
