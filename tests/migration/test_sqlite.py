"""A SQLite file of an older version is led to this one by opening it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.errors import ConflictError, EmbeddingMismatchError, SchemaVersionError
from agent_brain_server.services.copying.copy import Progress, copy
from agent_brain_server.storage.factory import create_endpoint, create_store
from agent_brain_server.storage.protocol import Store
from migration import version_1
from storage.building import EVERYTHING, MODEL, axis, find, make_file, nearest, put

URL = "sqlite:///index.db"


@asynccontextmanager
async def opened(root: Path, model: EmbeddingModel = MODEL, *, discard: bool = False) -> AsyncIterator[Store]:
    store = create_store(URL, root, model, "2", discard=discard)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def select(root: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(root / "index.db")) as connection:
        return connection.execute(query).fetchall()


async def assert_upgraded(store: Store) -> None:
    """Empty but for what is kept, with one job that fills it."""
    found = await store.read(lambda view: view.search.statistics())
    assert (found.files, found.chunks, found.vectors, found.embedded_texts) == (0, 0, 2, 2)
    assert await store.read(lambda view: view.search.list_files()) == {}
    assert await find(store, "alpha then") == []
    assert await store.folders.list_all() == [Folder("src", ("*.py",))]
    assert await store.jobs.find(1) == version_1.FINISHED
    assert [(job.id, job.paths, job.force, job.attempt) for job in await store.jobs.list_unfinished()] == [
        (2, (), False, 0)
    ]


async def test_version_1_is_upgraded_in_place(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    async with opened(tmp_path) as store:
        await assert_upgraded(store)
        (line,) = [record.getMessage() for record in caplog.records if record.name.endswith("checks")]
        assert f"sqlite {tmp_path / 'index.db'} was made by another version" in line
        assert "job 2" in line
        await put(store, make_file("src/a.py", *version_1.chunks()))
        assert (await store.read(lambda view: view.search.statistics())).embedded_texts == 2
    caplog.clear()
    async with opened(tmp_path) as store:
        assert set(await find(store, "words")) == set(version_1.TEXTS)
        assert set(await nearest(store, axis(1))) == set(version_1.TEXTS)
        assert len(await store.jobs.list_unfinished()) == 1
        (hit, *_) = await store.read(lambda view: view.search.lexical(["alpha"], EVERYTHING, 1))
        assert hit.row >= 3, "a row is never used for another chunk"
    assert not caplog.records


async def test_upgraded_tables_are_those_of_a_new_file(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    new = tmp_path / "new"
    new.mkdir()
    for root in (tmp_path, new):
        async with opened(root):
            pass
    made = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"
    assert select(tmp_path, made) == select(new, made)
    assert select(tmp_path, "SELECT schema_version, tokenizer_version FROM meta") == [(2, "2")]
    assert select(tmp_path, "PRAGMA integrity_check") == [("ok",)]


async def test_without_folders_no_job_is_queued(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db", folder=False)
    async with opened(tmp_path) as store:
        assert (await store.read(lambda view: view.search.statistics())).chunks == 0
        assert await store.jobs.list_unfinished() == []


async def test_an_empty_index_is_only_given_its_tables(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    version_1.make_sqlite(tmp_path / "index.db", content=False)
    async with opened(tmp_path) as store:
        assert await store.jobs.list_unfinished() == []
        assert await store.folders.list_all() == [Folder("src", ("*.py",))]
    assert not caplog.records


async def test_a_job_that_waits_already_is_not_doubled(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection, connection:
        connection.execute("INSERT INTO jobs (state, paths, force, created_at) VALUES ('queued', '[]', 0, 4.5)")
    async with opened(tmp_path) as store:
        assert [job.created_at for job in await store.jobs.list_unfinished()] == [4.5]


async def test_another_model_is_refused_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    before = select(tmp_path, "SELECT name FROM sqlite_schema"), select(tmp_path, "SELECT * FROM meta")
    other = replace(MODEL, name="other")
    with pytest.raises(EmbeddingMismatchError, match="agent-brain start --reindex"):
        await create_store(URL, tmp_path, other, "2").open()
    assert (select(tmp_path, "SELECT name FROM sqlite_schema"), select(tmp_path, "SELECT * FROM meta")) == before
    assert select(tmp_path, "SELECT count(*) FROM chunks") == [(2,)]
    async with opened(tmp_path, other, discard=True) as store:
        assert (await store.read(lambda view: view.search.statistics())).vectors == 0
        assert await store.jobs.list_unfinished() == []


async def test_many_that_open_it_at_once_upgrade_it_once(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    stores = [create_store(URL, tmp_path, MODEL, "2") for _ in range(6)]
    await asyncio.gather(*[store.open() for store in stores])
    await assert_upgraded(stores[0])
    for store in stores:
        await store.close()


async def test_an_unfinished_copy_of_that_time_can_be_thrown_away(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection, connection:
        ledger = "table_name TEXT PRIMARY KEY, source TEXT, last_key TEXT DEFAULT 'null', rows INTEGER DEFAULT 0"
        connection.execute(f"CREATE TABLE copy_ledger ({ledger})")
        connection.execute("INSERT INTO copy_ledger VALUES ('chunks', 'state', '2', 2)")
    with pytest.raises(ConflictError, match="start --reindex"):
        await create_store(URL, tmp_path, MODEL, "2").open()
    async with opened(tmp_path, discard=True) as store:
        found = await store.read(lambda view: view.search.statistics())
        assert (found.chunks, found.vectors) == (0, 0)
        assert await store.folders.list_all() == [Folder("src", ("*.py",))]


async def test_a_copy_asks_for_a_start_first(tmp_path: Path) -> None:
    version_1.make_sqlite(tmp_path / "index.db")
    old, new = create_endpoint(URL, tmp_path), create_endpoint("sqlite:///new.db", tmp_path)
    with pytest.raises(SchemaVersionError, match=r"has schema 1, .* copies schema 2\. Start it there once"):
        await copy(old, new, "new", Progress())
    async with opened(tmp_path / "other") as store:
        await put(store, make_file("b.py", "gamma"))
    with pytest.raises(SchemaVersionError, match="has schema 1"):
        await copy(create_endpoint(URL, tmp_path / "other"), old, "new", Progress())
    async with opened(tmp_path):
        pass
    await copy(old, new, "new", Progress())
