"""SQLite on a disk that is full or cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import StorageError
from storage.building import axis, find, list_files, make_file, nearest, put
from storage.sqlite_index import open_and_close, store_in

WIDE = EmbeddingModel("wide", 1024)


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
    assert set(await list_files(store)) == {"a.py"}
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
    await store.index.upsert_chunks([file], {chunk.text_hash: unit for chunk in file.chunks})
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    (place / "ballast").write_bytes(b"x" * (free - 100_000))
    assert len(await nearest(store, unit)) == 400
    assert await find(store, "7") == ["text 7"]
    (place / "ballast").unlink()
    assert len(await nearest(store, unit)) == 400
    await store.close()
