"""Tables of an older version in PostgreSQL are led to this one by the first server that starts, projects one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.errors import EmbeddingMismatchError, SchemaVersionError
from agent_brain_server.services.copying.copy import Progress, copy
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_endpoint, create_store
from agent_brain_server.storage.protocol import Store
from migration import version_1
from storage.building import MODEL, axis, find, make_file, nearest, put
from support.postgres import DatabaseServer

CONTENT = ("files", "chunks", "chunk_terms", "term_frequencies")


@pytest.fixture
def roots(tmp_path: Path) -> list[Path]:
    made = [tmp_path / name for name in ("first", "second")]
    for root in made:
        root.mkdir()
    return made


@pytest.fixture
async def url(postgres_url: str, roots: list[Path]) -> str:
    """Return a database of version 1 with both projects."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for statement in version_1.postgres_statements([location_id(root) for root in roots]):
            connection.execute(statement)
    return postgres_url


@asynccontextmanager
async def opened(url: str, root: Path, model: EmbeddingModel = MODEL, *, discard: bool = False) -> AsyncIterator[Store]:
    store = create_store(url, root, model, "2", discard=discard)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def count(url: str, root: Path) -> dict[str, int]:
    """Return the rows of the project in each of CONTENT."""
    server = DatabaseServer(PostgresConfig.from_url(url))
    where = f"WHERE project_id = '{location_id(root)}'"
    return {name: server.psql(f"SELECT count(*) FROM agent_brain.{name} {where}")[0][0] for name in CONTENT}


async def assert_upgraded(store: Store) -> None:
    """Empty but for what is kept, with one job that fills it."""
    found = await store.read(lambda view: view.search.statistics())
    assert (found.files, found.chunks, found.vectors, found.embedded_texts) == (0, 0, 2, 2)
    assert await find(store, "alpha then") == []
    assert await store.folders.list_all() == [Folder("src", ("*.py",))]
    assert await store.jobs.find(1) == version_1.FINISHED
    assert [(job.id, job.paths, job.force, job.attempt) for job in await store.jobs.list_unfinished()] == [
        (2, (), False, 0)
    ]


async def test_version_1_is_upgraded_project_by_project(
    url: str, roots: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = roots
    before = count(url, second)
    async with opened(url, first) as store:
        await assert_upgraded(store)
        assert set(count(url, first).values()) == {0}
        assert count(url, second) == before == {"files": 1, "chunks": 2, "chunk_terms": 2, "term_frequencies": 1}
        assert await store.lease.acquire(), "who wrote in the old way has lost the right to"
        await put(store, make_file("src/a.py", *version_1.chunks()))
        assert (await store.read(lambda view: view.search.statistics())).embedded_texts == 2
    assert len([record for record in caplog.records if record.name.endswith("checks")]) == 1
    async with opened(url, second) as store:
        await assert_upgraded(store)
    caplog.clear()
    async with opened(url, first) as store:
        assert set(await find(store, "words")) == set(version_1.TEXTS)
        assert set(await nearest(store, axis(1))) == set(version_1.TEXTS)
        assert len(await store.jobs.list_unfinished()) == 1
    assert not [record for record in caplog.records if record.name.endswith("checks")]


async def test_many_that_open_it_at_once_upgrade_it_once(url: str, roots: list[Path]) -> None:
    stores = [create_store(url, root, MODEL, "2") for root in [*roots, *roots, *roots]]
    await asyncio.gather(*[store.open() for store in stores])
    for store in stores:
        await assert_upgraded(store)
        await store.close()


async def test_another_model_is_refused_and_nothing_is_changed(url: str, roots: list[Path]) -> None:
    server = DatabaseServer(PostgresConfig.from_url(url))
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'agent_brain'::regnamespace ORDER BY 1"
    before = server.psql(tables), count(url, roots[0])
    with pytest.raises(EmbeddingMismatchError, match="agent-brain start --reindex"):
        await create_store(url, roots[0], replace(MODEL, name="other"), "2").open()
    assert (server.psql(tables), count(url, roots[0])) == before
    assert server.psql("SELECT schema_version FROM agent_brain.meta") == [(1,)]


async def test_a_copy_of_it_asks_for_a_start_first(url: str, roots: list[Path]) -> None:
    source, target = create_endpoint(url, roots[0]), create_endpoint("sqlite:///copy.db", roots[0])
    with pytest.raises(SchemaVersionError, match=r"has schema 1, .* copies schema 3\. Start it there once"):
        await copy(source, target, "new", Progress())
    async with opened(url, roots[0]):
        pass
    await copy(source, target, "new", Progress())


async def test_a_copy_into_it_leads_it_to_this_version(url: str, roots: list[Path], tmp_path: Path) -> None:
    third = tmp_path / "third"
    async with opened("sqlite:///index.db", third) as store:
        await put(store, make_file("b.py", "gamma"))
    await copy(create_endpoint("sqlite:///index.db", third), create_endpoint(url, third), "new", Progress())
    async with opened(url, third) as store:
        assert await find(store, "gamma") == ["gamma"]
        assert await store.jobs.list_unfinished() == []
    assert count(url, roots[0])["chunks"] == 2
    async with opened(url, roots[0]) as store:
        await assert_upgraded(store)
