"""The cache of the vectors next to a SQLite index: spoilt, behind or of another state, it changes no answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.protocol import Store
from storage.building import EVERYTHING, axis, fetch_chunks, make_file, nearest, put, vector_hits
from storage.sqlite_index import store_in


async def _answers(store: Store) -> list[object]:
    filters = [EVERYTHING, Filters(paths=("f1*",)), Filters(languages=("python",), paths=("!f2*",))]
    return [
        [chunk.id for chunk in (await fetch_chunks(store, [hit.row])).values()] + [hit.score]
        for chosen in filters
        for hit in await vector_hits(store, axis(1, 0.5, 0.25), chosen, 40)
    ]


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _scramble_header(path: Path) -> None:
    path.write_bytes(b"\xff" * 64 + path.read_bytes()[64:])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip_at(share: float) -> Callable[[Path], None]:
    """Return a function that flips one bit, so far behind the header."""

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


async def test_a_cache_that_is_behind_catches_up(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.open()
    await put(store, *[make_file(f"f{number}.py", f"text {number}") for number in range(10)])
    await nearest(store, axis(1))
    await store.close()
    await store.open()
    await put(store, make_file("f1.py", "new"), make_file("f99.py", "more"))
    await store.index.remove_files(["f2.py"])
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
    await store.index.upsert_chunks([third], {third.chunks[0].text_hash: axis(4)})
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
