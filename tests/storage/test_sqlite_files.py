"""What SQLite keeps on disk: refused files, full disks, modes, and the cache of the vectors."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.search import Filters
from agent_brain_server.errors import SchemaVersionError, StorageDamagedError, StorageError
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage.building import EVERYTHING, MODEL, TOKENIZER, axis, find, make_file, nearest, put

WIDE = EmbeddingModel("wide", 1024)


def store_in(directory: Path, model: EmbeddingModel = MODEL) -> Store:
    return create_store("sqlite:///index.db", directory, model, TOKENIZER)


async def open_and_close(directory: Path) -> None:
    store = store_in(directory)
    await store.open()
    await store.close()


async def open_and_find(store: Store, word: str) -> None:
    await store.open()
    try:
        await find(store, word)
    finally:
        await store.close()


async def test_all_files_are_for_their_owner_only(tmp_path: Path) -> None:
    store = store_in(tmp_path / "new")
    await store.open()
    await put(store, make_file("a.py", "text"))
    await nearest(store, axis(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert modes == dict.fromkeys(["index.db", "index.db-wal", "index.db-shm", "index.vectors"], 0o600)
    assert (await store.statistics()).bytes >= sum(
        (tmp_path / "new" / name).stat().st_size for name in ("index.db", "index.db-wal", "index.vectors")
    )
    await store.close()
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"index.db", "index.vectors"}


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"x" * 5000])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.db").write_bytes(content)
    with pytest.raises(StorageError, match=r"index\.db is damaged or not .* index .*move it away.* agent-brain index"):
        await open_and_close(tmp_path)
    assert (tmp_path / "index.db").read_bytes() == content


async def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection:
        connection.execute("CREATE TABLE meta (id)")
        connection.commit()
    before = (tmp_path / "index.db").read_bytes()
    with pytest.raises(StorageError, match="not an Agent Brain index"):
        await open_and_close(tmp_path)
    assert (tmp_path / "index.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.db"]


async def test_a_database_that_was_damaged_is_named(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"word {'x' * 3000} {number}") for number in range(50)])
    await store.close()
    path = tmp_path / "index.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StorageError, match="move it away"):
        await open_and_find(store, "word")


LOSSES = [
    "DELETE FROM meta",
    "DROP TABLE chunks",
    "DROP TABLE meta",
    "DROP INDEX chunks_by_name",
    "DROP TABLE chunk_terms_docsize",
    "DROP TABLE graph_names_data",
    "DELETE FROM chunk_terms_data",
    "DELETE FROM chunk_terms_docsize",
    "DELETE FROM chunk_terms_docsize WHERE id = (SELECT max(id) FROM chunk_terms_docsize)",
    "DELETE FROM chunks",
    "UPDATE chunks SET text = CAST(x'ff41' AS TEXT)",
    "UPDATE vectors SET vector = x'00'",
]


def spoil_tables(path: Path, statement: str) -> None:
    """Change the tables as another program would that knows nothing of them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(statement)
        connection.commit()


async def use_all(store: Store) -> None:
    await store.open()
    assert len(await store.search_lexical(["text"], EVERYTHING, 10)) == 3
    assert len(await store.search_vector(axis(1), EVERYTHING, 10)) == 3
    await find(store, "text")
    await store.statistics()
    await put(store, make_file("f1.py", "text"))


@pytest.mark.parametrize("statement", LOSSES)
async def test_tables_that_lost_something_are_named_damaged(tmp_path: Path, statement: str) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}") for number in range(3)])
    await store.close()
    spoil_tables(tmp_path / "index.db", statement)
    with pytest.raises(StorageError, match="is damaged or not an Agent Brain index") as refused:
        await use_all(store)
    assert refused.value.code == "storage_damaged"
    await store.close()


@pytest.mark.parametrize("statement", LOSSES)
async def test_tables_that_lose_something_in_use_are_named_damaged_or_are_not_needed(
    tmp_path: Path, statement: str
) -> None:
    """Never another error, and no search finds less than there was."""
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}") for number in range(3)])
    spoil_tables(tmp_path / "index.db", statement)
    with suppress(StorageDamagedError):
        await use_all(store)
    await store.close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await open_and_close(tmp_path)
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection:
        connection.execute("UPDATE meta SET schema_version = 99")
        connection.commit()
    with pytest.raises(SchemaVersionError, match=r"schema 99, this one knows 2\)\. Upgrade agent-brain"):
        await open_and_close(tmp_path)


async def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "index.db").mkdir()
    with pytest.raises(StorageError, match="AGENT_BRAIN_STORAGE_URL"):
        await open_and_close(tmp_path)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system in memory with these options; skips where that is not allowed."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        point = tmp_path / "mounted"
        point.mkdir(exist_ok=True)
        operation = "remount," if mounted else ""
        command = ["mount", "-t", "tmpfs", "-o", operation + options, "tmpfs", str(point)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a tmpfs needs root")
        mounted.append(point)
        return point

    yield make
    for point in set(mounted):
        subprocess.run(["umount", "-l", str(point)], check=True)


async def test_an_unwritable_directory_is_refused(mount: Callable[[str], Path]) -> None:
    with pytest.raises(StorageError, match=r"Cannot write the index .*index\.db: .* Make .* writable"):
        await open_and_close(mount("size=1m,ro"))


async def test_an_index_that_became_unwritable_is_refused(mount: Callable[[str], Path]) -> None:
    place = mount("size=4m")
    await open_and_close(place)
    mount("size=4m,ro")
    with pytest.raises(StorageError, match="Cannot write the index"):
        await open_and_close(place)


async def test_a_full_disk_stops_a_write_and_nothing_else(mount: Callable[[str], Path]) -> None:
    place = mount("size=3m")
    store = store_in(place)
    await store.open()
    await put(store, make_file("a.py", "kept"))
    assert await nearest(store, axis(1)) == ["kept"]
    ballast = place / "ballast"
    ballast.write_bytes(b"x" * 1_500_000)
    big = [make_file(f"big{number}.py", f"lost {'y' * 50_000} {number}") for number in range(100)]
    with pytest.raises(StorageError, match="the disk is full"):
        await put(store, *big)
    assert await find(store, "kept lost") == ["kept"]
    assert await nearest(store, axis(1)) == ["kept"]
    assert set(await store.list_files()) == {"a.py"}
    ballast.unlink()
    await put(store, make_file("b.py", "after"))
    assert set(await find(store, "kept after")) == {"kept", "after"}
    assert set(await nearest(store, axis(1))) == {"kept", "after"}
    await store.close()


async def test_a_disk_too_full_for_the_cache_of_vectors(mount: Callable[[str], Path]) -> None:
    place = mount("size=6m")
    store = store_in(place, WIDE)
    await store.open()
    file = make_file("a.py", *[f"text {number}" for number in range(400)])
    unit = np.zeros(1024, np.float32)
    unit[0] = 1
    await store.upsert_chunks([file], {chunk.text_hash: unit for chunk in file.chunks})
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "ballast").write_bytes(b"x" * (free - 100_000))
    assert len(await nearest(store, unit)) == 400
    assert await find(store, "7") == ["text 7"]
    (place / "ballast").unlink()
    assert len(await nearest(store, unit)) == 400
    await store.close()


async def _answers(store: Store) -> list[object]:
    filters = [EVERYTHING, Filters(paths=("f1*",)), Filters(languages=("python",), paths=("!f2*",))]
    return [
        [chunk.id for chunk in (await store.fetch_chunks([hit.row])).values()] + [hit.score]
        for chosen in filters
        for hit in await store.search_vector(axis(1, 0.5, 0.25), chosen, 40)
    ]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _scramble_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip_at(share: float) -> Callable[[Path], None]:
    """Turns one bit over, so far behind the header."""

    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[64 + int((len(data) - 65) * share)] ^= 0x40
        path.write_bytes(data)

    return flip


@pytest.mark.parametrize(
    "spoil", [Path.unlink, _truncate, _scramble_header, _empty, lambda path: None, *map(_flip_at, (0, 0.3, 0.7, 1))]
)
async def test_a_spoilt_cache_is_made_again(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}", "twin") for number in range(30)])
    before = await _answers(store)
    await store.close()
    spoil(tmp_path / "index.vectors")
    await store.open()
    assert await _answers(store) == before
    await store.close()


@pytest.mark.parametrize("spoil", [_truncate, _empty, *map(_flip_at, (0.2, 0.9))])
async def test_a_cache_that_is_spoilt_while_it_is_in_use_is_made_again(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}", "twin") for number in range(30)])
    before = await _answers(store)
    spoil(tmp_path / "index.vectors")
    assert await _answers(store) == before
    await store.close()
    await store.open()
    assert await _answers(store) == before
    await store.close()


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
    with pytest.raises(StorageError, match=rf"{name} is a link, a directory or a pipe.* agent-brain start"):
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
    for work in (put(store, make_file("b.py", "late")), find(store, "text"), store.statistics()):
        with pytest.raises(StorageError, match=r"index\.db is gone or was replaced.* agent-brain start") as refused:
            await work
        assert refused.value.code == "storage_gone"
    there = sorted(path.name for path in tmp_path.iterdir())
    await store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == there


async def test_a_cache_that_is_behind_catches_up(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}") for number in range(10)])
    await nearest(store, axis(1))
    await store.close()
    await store.open()
    await put(store, make_file("f1.py", "new"), make_file("f99.py", "more"))
    await store.remove_files(["f2.py"])
    assert set(await nearest(store, axis(1))) == {f"text {number}" for number in (0, *range(3, 10))} | {"new", "more"}
    await store.close()


async def test_a_cache_of_a_later_state_is_not_used(tmp_path: Path) -> None:
    """A database that was restored from a copy gives its next rows to other chunks than the cache knows."""
    store = store_in(tmp_path)
    await store.open()
    await put(store, make_file("a.py", "first"))
    await store.close()
    shutil.copy(tmp_path / "index.db", tmp_path / "copy.db")
    await store.open()
    await put(store, make_file("b.py", "second"))
    await nearest(store, axis(1))
    await store.close()
    shutil.copy(tmp_path / "copy.db", tmp_path / "index.db")
    await store.open()
    third = make_file("c.py", "third")
    await store.upsert_chunks([third], {third.chunks[0].text_hash: axis(4)})
    assert await nearest(store, axis(1), limit=1) == ["third"]
    assert set(await nearest(store, axis(1))) == {"first", "third"}
    await store.close()


async def test_a_cache_of_another_index_is_not_used(tmp_path: Path) -> None:
    for text in ("old", "new"):
        store = store_in(tmp_path)
        await store.open()
        await put(store, make_file("a.py", text))
        assert await nearest(store, axis(1)) == [text]
        await store.close()
        (tmp_path / "index.db").unlink()


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
