"""A copy that cannot be made is refused before anything is written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.errors import (
    ConflictError,
    EmbeddingMismatchError,
    SchemaVersionError,
    StorageError,
    WriterElsewhereError,
)
from agent_brain_server.services.copying.copy import Progress, copy, rehearse
from agent_brain_server.storage.factory import create_endpoint
from storage.building import axis, find, make_file, put
from storage.copying import QUIET, SECOND, compared, copy_to, database, files_of, opened, picture, refused, stop_after
from support.postgres import PostgresServer


async def test_a_target_with_an_index_is_refused_until_it_is_reset(root: Path, source: str, target: str) -> None:
    async with opened(target, root) as store:
        await put(store, make_file("mine.py", "precious words"))
        await store.folders.save(Folder("other"))
        await store.jobs.add(["other"], False, 1.0)
    assert "already holds an index of this project" in (sentence := await refused(source, target, root))
    assert "agent-brain reset" in sentence
    assert await refused(source, target, root, "resume") == sentence
    async with opened(target, root) as store:
        assert await find(store, "precious") == ["precious words"]
        await store.index.reset()
    await copy_to(source, target, root)
    assert (await compared(source, target, root)).differences == []


async def test_no_process_writes_a_database_while_it_is_copied_to(root: Path, source: str, postgres_url: str) -> None:
    async with opened(postgres_url, root) as store:
        await stop_after(source, postgres_url, root, 25)
        with pytest.raises(WriterElsewhereError):
            await put(store, make_file("mine.py", "mine"))
        assert not await store.lease.acquire()
        await copy_to(source, postgres_url, root, "resume")
        await put(store, make_file("mine.py", "mine"))
        assert await find(store, "several mine") == ["mine", *["the same words in several files"] * 2]


async def test_a_database_that_is_being_written_is_refused(root: Path, source: str, postgres_url: str) -> None:
    async with opened(postgres_url, root) as store:
        assert await store.lease.acquire()
        assert "A worker is indexing this project" in await refused(source, postgres_url, root)
        await store.lease.release()
        await copy_to(source, postgres_url, root)


async def test_two_copies_at_once_are_refused(root: Path, source: str, postgres_url: str) -> None:
    end = create_endpoint(postgres_url, root)
    async with create_endpoint(source, root).reading() as snapshot, end.writing(snapshot.project, "state", "new"):
        assert "is running" in await refused(source, postgres_url, root, "resume")
        with pytest.raises(ConflictError, match="is running"):
            async with opened(postgres_url, root, discard=True):
                pass


@pytest.mark.slow
async def test_a_database_that_goes_away_meanwhile(root: Path, source: str, own_server: PostgresServer) -> None:
    url = own_server.url()
    done = 0

    def advance(table: str, rows: int) -> None:
        nonlocal done
        done += 1
        if done == 25:
            own_server.kill()

    with pytest.raises(
        StorageError, match=r"does not answer.*What is copied is kept\. Continue with the same command and --resume"
    ):
        await copy(
            create_endpoint(source, root), create_endpoint(url, root), "new", Progress(advance=advance), page_rows=12
        )
    own_server.start()
    resumed = await copy(create_endpoint(source, root), create_endpoint(url, root), "resume", QUIET)
    assert resumed.resumed == resumed.rows["vectors"] + resumed.rows["files"] + 4 * 12
    assert (await compared(source, url, root)).differences == []


async def test_vectors_of_another_model_in_the_database_are_found_before_anything_is_written(
    root: Path, source: str, postgres_url: str
) -> None:
    neighbour = root / "neighbour"
    neighbour.mkdir()
    async with opened(postgres_url, neighbour, EmbeddingModel("another", 3)) as store:
        indexed = make_file("a.py", "alpha")
        await store.index.upsert_chunks([indexed], {indexed.chunks[0].text_hash: axis(1)[:3]})
    before = picture(postgres_url)
    for attempt in (rehearse, copy):
        with pytest.raises(EmbeddingMismatchError, match="use the embedding another"):
            await attempt(create_endpoint(source, root), create_endpoint(postgres_url, root), "new", QUIET)
    assert picture(postgres_url) == before


async def test_sources_that_are_none(root: Path, postgres_url: str) -> None:
    for url in ("sqlite:///missing.db", postgres_url):
        with pytest.raises(StorageError, match=r"(no index.*agent-brain index --wait)"):
            await copy_to(url, SECOND, root)
    (root / "foreign.db").write_bytes(b"no database at all, but long enough to be taken for one" * 30)
    with pytest.raises(StorageError, match="not an Agent Brain index"):
        await copy_to("sqlite:///foreign.db", SECOND, root)
    assert sorted(files_of(root)) == ["foreign.db"]


async def test_another_schema_is_not_copied(root: Path, source: str, postgres_url: str) -> None:
    await copy_to(source, postgres_url, root)
    database(postgres_url).psql("UPDATE agent_brain.meta SET schema_version = 99")
    with closing(sqlite3.connect(root / "first.db")) as connection, connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    for url in (source, postgres_url):
        with pytest.raises(SchemaVersionError, match=r"schema 99.*upgrade agent-brain"):
            await copy_to(url, SECOND, root)


async def test_a_file_that_cannot_be_made_is_refused_in_advance(root: Path, source: str) -> None:
    (root / "directory").mkdir()
    (root / "a file").write_text("")
    for place in ("directory", "a file/index.db"):
        assert "Cannot write the index" in await refused(source, f"sqlite:///{place}", root)
