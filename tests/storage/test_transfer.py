"""Copying an index between backends: everything, exactly, whatever happens on the way."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_brain_client.wire import project_id
from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.graph import Definition, FileGraph, Reference
from agent_brain_server.domain.jobs import Progress as JobProgress
from agent_brain_server.errors import (
    AgentBrainError,
    ConflictError,
    EmbeddingMismatchError,
    SchemaVersionError,
    StorageError,
    WriterElsewhereError,
)
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.services.moving import Progress, copy, rehearse
from agent_brain_server.services.verifying import Verdict, verify
from agent_brain_server.storage.factory import create_end, create_store
from agent_brain_server.storage.postgres import transfer as postgres_transfer
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.sqlite import transfer as sqlite_transfer
from agent_brain_server.storage.tables import TABLES
from agent_brain_server.storage.transfer import Entry, Tally
from storage import copying_until_killed
from storage.building import (
    EVERYTHING,
    MANY,
    MODEL,
    NO_EMBEDDING,
    TOKENIZER,
    axis,
    find,
    make_chunk,
    make_file,
    make_record,
    nearest,
    put,
)
from support.corpus import source_files
from support.postgres import DatabaseServer, PostgresServer

FIRST = "sqlite:///first.db"
SECOND = "sqlite:///second.db"
TESTS = Path(__file__).parents[1]
QUIET = Progress()
ODD = "naïve Σίσυφος 检索 \U0001f9e0 e\u0301 \u202eabc \ufeff\u0085 \t' \" \\ {0} %s :name -- ; \u2028 end"
KILLS = 5  # there, and as many on the way back


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "ein Projekt ü"
    directory.mkdir()
    return directory


@pytest.fixture
async def source(root: Path) -> str:
    """The URL of an index with something of everything."""
    async with opened(FIRST, root) as store:
        await fill(store)
    return FIRST


@asynccontextmanager
async def opened(url: str, root: Path, model: EmbeddingModel = MODEL, *, discard: bool = False) -> AsyncIterator[Store]:
    store = create_store(url, root, model, TOKENIZER, discard=discard)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def fill(store: Store) -> None:
    for path, text in source_files(60):
        parts = [part for part in text.split("\n\n") if part.strip()]
        chunks = [
            make_chunk(path, part, symbol=f"{path[:6]}.Thing{at}.do_it", documentation=part[:30], start_line=at + 1)
            for at, part in enumerate(parts)
        ]
        await put(store, replace(make_file(path, *chunks), graph=graph_of(path, len(parts))))
    for path in ("one.py", "two.py", "three.py"):
        await put(store, make_file(path, "the same words in several files", f"and some of {path}"))
    odd = make_chunk(
        "odd/ünï \U0001f600.md", ODD, symbol="Über.größe", signature=ODD, documentation=ODD, kind="section"
    )
    odd_graph = FileGraph((Definition(ODD, "section", 1, 9, ODD),), (Reference("use", ODD, ODD, ODD, ODD, 1),))
    odd_file = make_file("odd/ünï \U0001f600.md", odd, folder="odd", language="markdown")
    await put(store, replace(odd_file, graph=odd_graph))
    await put(store, make_file("empty.py"), make_file("left out.bin", language=""))
    await store.remove_files(["two.py"])
    await put(store, make_file("gone.py", "texts that are unused by now"))
    await store.remove_files(["gone.py"])
    await store.save_folder(Folder("src", ("**/*.py", "über/*"), ("!generated/", "a'b")))
    await store.save_folder(Folder("odd"))
    await add_jobs(store)


def graph_of(path: str, parts: int) -> FileGraph:
    """A definition for every part of a file, and references of one line and of several."""
    symbols = [f"{path[:6]}.Thing{at}.do_it" for at in range(parts)]
    definitions = tuple(Definition(symbol, "method", at, at + 3, "def do_it") for at, symbol in enumerate(symbols, 1))
    references = (
        Reference("call", name, "self", "", scope, line)
        for at, scope in enumerate(symbols, 1)
        for name, line in (("do_it", at), ("do_it", at + 2), (f"Only{at}", at))
    )
    return FileGraph(definitions, tuple(references))


async def add_jobs(store: Store) -> None:
    """One in every state, and a number that is taken by none any more."""
    progress = JobProgress(7, 9, 3, 1, 2, 40, 50, 12, 123.4, 0.1, "ü.py", {"binary": 2, "too_large": 1}, ("ü: odd",))
    for number, state in enumerate(("done", "failed", "cancelled"), 1):
        job = await store.add_job([f"path {number}", "ü"], number == 2, 1_700_000_000.1 + number)
        await store.claim_job(1_700_000_001.2)
        await store.finish_job(job.id, state, "a reason" * (number - 1), progress, 1_700_000_002.3)  # type: ignore[arg-type]
    await store.add_job(["running"], False, 5.0)
    running = await store.claim_job(6.0)
    assert running is not None
    await store.save_progress(running.id, progress)
    await store.add_job([], True, 7.0)


async def copy_to(source: str, target: str, root: Path, entry: Entry = "new", **more: int) -> None:
    await copy(create_end(source, root), create_end(target, root), entry, QUIET, **more)


async def compared(one: str, other: str, root: Path, texts: Sequence[str] | None = None) -> Verdict:
    return await verify(create_end(one, root), create_end(other, root), QUIET, texts)


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of a SQLite index, without what names the copy or counts insertions."""
    with closing(sqlite3.connect(path)) as connection:
        found = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in ("files", "chunks", "symbols", "symbol_references", "folders", "jobs", "sqlite_sequence")
        }
        columns = "schema_version, tokenizer_version, embedding_name, embedding_dimensions, embedding_tokenizer"
        found["meta"] = connection.execute(
            f"SELECT {columns}, embedded_texts, generation, next_row FROM meta"
        ).fetchall()
        found["vectors"] = connection.execute("SELECT text_hash, vector FROM vectors ORDER BY 1").fetchall()
        query = "SELECT term, col, doc, offset FROM spelled"
        connection.execute("CREATE VIRTUAL TABLE temp.spelled USING fts5vocab (main, chunk_terms, 'instance')")
        found["terms"] = sorted(connection.execute(query).fetchall())
        connection.execute("CREATE VIRTUAL TABLE temp.named USING fts5vocab (main, graph_names, 'instance')")
        found["names"] = sorted(connection.execute("SELECT term, col, doc FROM named").fetchall())
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        found["tables"] = connection.execute("SELECT name FROM sqlite_schema ORDER BY name").fetchall()
    return found


def database(url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(url))


def picture(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table in every schema of the database, but those of the system."""
    query = """SELECT table_schema || '.' || table_name FROM information_schema.tables
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"""
    names = sorted(name for (name,) in database(url).psql(query))
    found = {name: database(url).psql(f"SELECT CAST(t AS text) FROM {name} AS t ORDER BY 1") for name in names}
    found["schemas"] = database(url).psql("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1")
    return found | {"extensions": database(url).psql("SELECT extname FROM pg_extension ORDER BY 1")}


def files_of(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(root.iterdir())}


async def assert_equal_answers(one: str, other: str, root: Path) -> None:
    """Both stores answer alike, scores included."""
    async with opened(one, root) as first, opened(other, root) as second:
        for query in ("the same words in several files", "thing", "over marble quartz", "检索 größe", "number ribbon"):
            terms = query.split()
            hits = [await store.search_lexical(terms, EVERYTHING, MANY) for store in (first, second)]
            assert hits[0] == hits[1]
            assert hits[0]
        assert await nearest(first, axis(1, 0.5)) == await nearest(second, axis(1, 0.5))
        for names in (["DO_IT"], [ODD]):
            assert await first.find_definitions(names) == await second.find_definitions(names) != []
        for names in (["do_it"], ["Only2", ODD]):
            assert await first.find_references(names, MANY) == await second.find_references(names, MANY) != []


def is_known(column: str, table: str, excluded: Mapping[str, str], project_columns: frozenset[str]) -> bool:
    full = f"{table}.{column}"
    mapped = any(known.name == table and column in known.columns for known in TABLES)
    reasons = [excluded.get(name) for name in (table, full, f".{column}")]
    ways = mapped + (full in project_columns) + any(reasons)
    assert ways <= 1, f"{full} is mapped and excluded"
    return bool(ways)


async def test_every_column_of_sqlite_is_mapped_or_excluded_with_a_reason(root: Path, source: str) -> None:
    with closing(sqlite3.connect(root / "first.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = [
            (name, column)
            for name in tables
            for (column,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,))
        ]
    known = (sqlite_transfer.EXCLUDED, sqlite_transfer.PROJECT_COLUMNS)
    assert [f"{table}.{name}" for table, name in columns if not is_known(name, table, *known)] == []
    full = {f"{table}.{name}" for table, name in columns}
    assert not {*sqlite_transfer.PROJECT_COLUMNS, *sqlite_transfer.EXCLUDED} - full - set(tables)
    assert {f"{table.name}.{name}" for table in TABLES for name in table.columns} <= full


async def test_every_column_of_postgres_is_mapped_or_excluded_with_a_reason(root: Path, postgres_url: str) -> None:
    async with opened(postgres_url, root):
        pass
    columns = database(postgres_url).psql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'agent_brain'"
    )
    known = (postgres_transfer.EXCLUDED, postgres_transfer.PROJECT_COLUMNS)
    assert [f"{table}.{name}" for table, name in columns if not is_known(name, table, *known)] == []
    full = {f"{table}.{name}" for table, name in columns}
    named = {*postgres_transfer.PROJECT_COLUMNS, *postgres_transfer.EXCLUDED}
    assert {name for name in named - full - {table for table, _ in columns} if not name.startswith(".")} == set()
    assert {f"{table.name}.{name}" for table in TABLES for name in table.columns} <= full


async def test_there_and_back_is_the_first_file_row_for_row(root: Path, source: str, postgres_url: str) -> None:
    before = files_of(root)
    await copy_to(source, postgres_url, root, page_rows=7)
    assert files_of(root) == before
    there = picture(postgres_url)
    await copy_to(postgres_url, SECOND, root)
    assert picture(postgres_url) == there
    assert rows(root / "second.db") == rows(root / "first.db")
    assert [name for name in there if "ledger" in name] == []
    assert (root / "second.db").stat().st_mode & 0o777 == 0o600
    await assert_equal_answers(FIRST, SECOND, root)


async def test_the_copy_in_postgres_is_as_if_it_was_indexed_there(
    root: Path, source: str, session_server: DatabaseServer
) -> None:
    with session_server.database() as copied, session_server.database() as indexed:
        copied_url, indexed_url = session_server.url(copied), session_server.url(indexed)
        await copy_to(source, copied_url, root, page_rows=20)
        async with opened(indexed_url, root) as store:
            await fill(store)
            await store.settle()
        tables = "chunks chunk_terms symbols symbol_references vectors folders jobs meta".split()
        tables = [f"agent_brain.{name}" for name in tables]
        one, other = picture(copied_url), picture(indexed_url)
        assert {name: one[name] for name in tables} == {name: other[name] for name in tables}
        state = (
            "SELECT chunks, terms, vectors, next_row, embedded_texts, writer, writer_until FROM agent_brain.index_state"
        )
        assert database(copied_url).psql(state) == database(indexed_url).psql(state)
        lexemes = "SELECT lexeme, chunks FROM agent_brain.term_frequencies WHERE chunks > 0 ORDER BY 1"
        assert database(copied_url).psql(lexemes) == database(indexed_url).psql(lexemes)


async def test_the_copy_goes_on_being_indexed(root: Path, source: str, postgres_url: str) -> None:
    await copy_to(source, postgres_url, root)
    await copy_to(postgres_url, SECOND, root)
    for url in (FIRST, postgres_url, SECOND):
        async with opened(url, root) as store:
            await put(store, make_file("one.py", "the same words in several files"), make_file("new.py", "brand new"))
            await store.remove_files(["three.py"])
            assert await find(store, "several brand") == ["brand new", "the same words in several files"]
            assert (await store.add_job(["later"], False, 9.0)).id == 6
    assert (await compared(FIRST, postgres_url, root)).differences == []
    assert (await compared(FIRST, SECOND, root)).differences == []


async def test_between_two_places_of_one_kind(root: Path, source: str, session_server: DatabaseServer) -> None:
    with session_server.database() as one, session_server.database() as other:
        await copy_to(source, SECOND, root)
        await copy_to(SECOND, session_server.url(one), root)
        await copy_to(session_server.url(one), session_server.url(other), root)
        await copy_to(session_server.url(other), "sqlite:///third.db", root)
    assert rows(root / "first.db") == rows(root / "second.db") == rows(root / "third.db")


async def test_an_index_without_vectors(root: Path, postgres_url: str) -> None:
    async with opened(FIRST, root, NO_EMBEDDING) as store:
        await store.upsert_chunks([make_file("a.py", "alpha words"), make_file("b.py", "beta words")], {})
    await copy_to(FIRST, postgres_url, root)
    await copy_to(postgres_url, SECOND, root)
    assert rows(root / "first.db") == rows(root / "second.db")
    verdict = await compared(FIRST, postgres_url, root)
    assert (verdict.differences, verdict.texts, verdict.vectors) == ([], 2, 0)


async def test_an_index_that_was_never_used(root: Path, postgres_url: str) -> None:
    async with opened(FIRST, root):
        pass
    await copy_to(FIRST, postgres_url, root)
    await copy_to(postgres_url, SECOND, root)
    assert rows(root / "first.db") == rows(root / "second.db")


async def test_texts_that_postgres_cannot_hold_are_the_same_on_both_sides(root: Path, postgres_url: str) -> None:
    async with opened(FIRST, root) as store:
        await put(store, make_file("a.py", "alpha"))
        await store.add_job(["half \udc80 of a pair", "nul \0"], False, 1.0)
    await copy_to(FIRST, postgres_url, root)
    assert (await compared(FIRST, postgres_url, root)).differences == []


async def test_other_projects_in_the_database_are_left_alone(root: Path, source: str, postgres_url: str) -> None:
    neighbour = root / "neighbour"
    neighbour.mkdir()
    async with opened(postgres_url, neighbour) as store:
        await fill(store)
    mine = project_id(root)

    def of_others() -> dict[str, list[tuple[Any, ...]]]:
        return {name: [row for row in found if mine not in str(row)] for name, found in picture(postgres_url).items()}

    before = of_others()
    await copy_to(source, postgres_url, root)
    assert of_others() == before
    assert (await compared(FIRST, postgres_url, root)).differences == []


async def test_a_rehearsal_makes_no_file(root: Path, source: str) -> None:
    before = files_of(root)
    tallies = await rehearse(create_end(source, root), create_end("sqlite:///new/deep/b.db", root), "new", QUIET)
    assert files_of(root) == before
    assert tallies["files"].rows == 65
    assert tallies["vectors"].bytes > 32 * tallies["vectors"].rows > 0


async def test_a_rehearsal_leaves_an_emptied_file_byte_for_byte(root: Path, source: str) -> None:
    async with opened(SECOND, root) as store:
        await fill(store)
        await store.reset()
    before = files_of(root)
    await rehearse(create_end(source, root), create_end(SECOND, root), "new", QUIET)
    assert files_of(root) == before


@pytest.mark.parametrize("prepared", [False, True])
async def test_a_rehearsal_leaves_a_database_row_for_row(
    root: Path, source: str, postgres_url: str, prepared: bool
) -> None:
    if prepared:
        neighbour = root / "neighbour"
        neighbour.mkdir()
        async with opened(postgres_url, neighbour) as store:
            await fill(store)
        before_sqlite = rows(root / "first.db")
        async with opened(postgres_url, root, NO_EMBEDDING) as store:
            await store.save_folder(Folder("kept"))
        assert before_sqlite == rows(root / "first.db")
    before = picture(postgres_url)
    await rehearse(create_end(source, root), create_end(postgres_url, root), "new", QUIET)
    assert picture(postgres_url) == before


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest) -> str:
    return SECOND if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


async def refused(source: str, target: str, root: Path, entry: Entry = "new") -> str:
    """The sentence with which both a copy and its rehearsal are refused."""
    sentences = []
    for attempt in (rehearse, copy):
        with pytest.raises(AgentBrainError) as caught:
            await attempt(create_end(source, root), create_end(target, root), entry, QUIET)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    return sentences[0]


async def test_a_target_with_an_index_is_refused_until_it_is_reset(root: Path, source: str, target: str) -> None:
    async with opened(target, root) as store:
        await put(store, make_file("mine.py", "precious words"))
        await store.save_folder(Folder("other"))
        await store.add_job(["other"], False, 1.0)
    assert "already holds an index of this project" in (sentence := await refused(source, target, root))
    assert "agent-brain reset" in sentence
    assert await refused(source, target, root, "resume") == sentence
    async with opened(target, root) as store:
        assert await find(store, "precious") == ["precious words"]
        await store.reset()
    await copy_to(source, target, root)
    assert (await compared(source, target, root)).differences == []


async def test_no_cache_of_what_was_there_before_is_believed(root: Path, source: str) -> None:
    async with opened(SECOND, root) as store:
        for number in range(30):
            await put(store, make_file(f"{number}.py", f"word{number}"))
        assert await nearest(store, axis(1))
        await store.reset()
    assert (root / "second.vectors").exists()
    await copy_to(source, SECOND, root)
    await assert_equal_answers(FIRST, SECOND, root)


class StoppedError(Exception):
    pass


async def stop_after(source: str, target: str, root: Path, pages: int) -> None:
    """A copy that is given up after so many pages, as a process that dies gives it up."""
    done = 0

    def advance(table: str, rows: int) -> None:
        nonlocal done
        done += 1
        if done == pages:
            raise StoppedError

    with pytest.raises(StoppedError):
        await copy(create_end(source, root), create_end(target, root), "new", Progress(advance=advance), page_rows=12)


async def test_an_unfinished_copy_is_not_served(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    with pytest.raises(ConflictError, match=r"A copy into .* was not finished.*storage copy --resume.*start --reindex"):
        async with opened(target, root):
            pass
    assert "--resume" in await refused(source, target, root)
    with pytest.raises(ConflictError, match="was not finished"):
        await copy_to(target, "sqlite:///third.db", root)
    assert not (root / "third.db").exists()
    async with opened(target, root, discard=True) as store:
        assert await store.list_files() == {}
        await put(store, make_file("anew.py", "indexed anew"))
    async with opened(target, root) as store:
        assert await find(store, "anew") == ["indexed anew"]


async def test_a_copy_goes_on_where_it_was(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    done = await copy(create_end(source, root), create_end(target, root), "resume", QUIET)
    assert done.resumed == done.rows["vectors"] + done.rows["files"] + 4 * 12
    assert (await compared(source, target, root)).differences == []
    again = await copy(create_end(source, root), create_end(target, root), "resume", QUIET)
    assert again.resumed == sum(
        done.rows[name] for name in ("vectors", "files", "chunks", "symbols", "symbol_references")
    )


async def test_a_resumed_copy_takes_jobs_and_folders_as_they_are_now(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    async with opened(source, root) as store:
        await store.save_folder(Folder("new"))
        await store.add_job(["new"], False, 11.0)
    await copy_to(source, target, root, "resume")
    assert (await compared(source, target, root)).differences == []


@pytest.mark.parametrize("change", ["file", "manifest", "vectors"])
async def test_a_source_that_changed_is_not_mixed_with_what_it_was(
    root: Path, source: str, target: str, change: str
) -> None:
    await stop_after(source, target, root, 25)
    async with opened(source, root) as store:
        if change == "file":
            await put(store, make_file("zzz.py", "added at the end"))
        elif change == "manifest":
            await store.refresh_files([make_record("three.py", "other")])
        else:
            assert await store.drop_unused_vectors()
    assert "--start-over" in await refused(source, target, root, "resume")
    await copy_to(source, target, root, "start-over")
    assert (await compared(source, target, root)).differences == []


async def test_a_resume_of_nothing_is_a_whole_copy(root: Path, source: str, target: str) -> None:
    await copy_to(source, target, root, "resume")
    assert (await compared(source, target, root)).differences == []


async def test_nobody_writes_a_database_while_it_is_copied_to(root: Path, source: str, postgres_url: str) -> None:
    async with opened(postgres_url, root) as store:
        await stop_after(source, postgres_url, root, 25)
        with pytest.raises(WriterElsewhereError):
            await put(store, make_file("mine.py", "mine"))
        assert not await store.acquire_writing()
        await copy_to(source, postgres_url, root, "resume")
        await put(store, make_file("mine.py", "mine"))
        assert await find(store, "several mine") == ["mine", *["the same words in several files"] * 2]


async def test_a_database_that_is_being_written_is_refused(root: Path, source: str, postgres_url: str) -> None:
    async with opened(postgres_url, root) as store:
        assert await store.acquire_writing()
        assert "A worker is indexing this project" in await refused(source, postgres_url, root)
        await store.release_writing()
        await copy_to(source, postgres_url, root)


async def test_two_copies_at_once_are_refused(root: Path, source: str, postgres_url: str) -> None:
    end = create_end(postgres_url, root)
    async with create_end(source, root).reading() as snapshot, end.writing(snapshot.project, "state", "new"):
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

    with pytest.raises(StorageError, match=r"does not answer.*What is copied is kept: add --resume"):
        await copy(create_end(source, root), create_end(url, root), "new", Progress(advance=advance), page_rows=12)
    own_server.start()
    resumed = await copy(create_end(source, root), create_end(url, root), "resume", QUIET)
    assert resumed.resumed == resumed.rows["vectors"] + resumed.rows["files"] + 4 * 12
    assert (await compared(source, url, root)).differences == []


async def test_vectors_of_another_model_in_the_database_are_found_before_anything_is_written(
    root: Path, source: str, postgres_url: str
) -> None:
    neighbour = root / "neighbour"
    neighbour.mkdir()
    async with opened(postgres_url, neighbour, EmbeddingModel("another", 3)) as store:
        indexed = make_file("a.py", "alpha")
        await store.upsert_chunks([indexed], {indexed.chunks[0].text_hash: axis(1)[:3]})
    before = picture(postgres_url)
    for attempt in (rehearse, copy):
        with pytest.raises(EmbeddingMismatchError, match="were embedded by another"):
            await attempt(create_end(source, root), create_end(postgres_url, root), "new", QUIET)
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


async def test_the_source_may_be_written_meanwhile(root: Path, source: str, target: str) -> None:
    expected = rows(root / "first.db")
    async with opened(source, root) as store:
        end = create_end(target, root)
        async with create_end(source, root).reading() as snapshot:
            await put(store, make_file("late.py", "written after the copy began"))
            await store.remove_files(["one.py"])
            await store.add_job(["late"], False, 99.0)
            moved = _Fixed(snapshot)
            await copy(moved, end, "new", QUIET)  # type: ignore[arg-type]
    await copy_to(target, "sqlite:///third.db", root)
    assert rows(root / "third.db") == expected


class _Fixed:
    """A source whose state was taken before."""

    def __init__(self, snapshot: Any) -> None:
        self._snapshot = snapshot

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        yield self._snapshot


async def test_a_log_that_a_killed_server_left_is_read_and_kept(root: Path, source: str) -> None:
    await copy_to(source, SECOND, root)
    copied = root / "left"
    copied.mkdir()
    async with opened(SECOND, root) as store:
        await put(store, make_file("late.py", "in the log only"))
        for name in ("second.db", "second.db-wal"):
            (copied / name).write_bytes((root / name).read_bytes())
    before = {name: content for name, content in files_of(copied).items() if not name.endswith("-shm")}
    assert len(before["second.db-wal"]) > 0
    await copy_to("sqlite:///left/second.db", "sqlite:///third.db", root)
    assert {name: content for name, content in files_of(copied).items() if not name.endswith("-shm")} == before
    async with opened("sqlite:///third.db", root) as store:
        assert await find(store, "log") == ["in the log only"]


CHANGES = {
    "files": "UPDATE agent_brain.files SET mtime_ns = mtime_ns + 1 WHERE path = 'one.py'",
    "chunks": "UPDATE agent_brain.chunks SET documentation = documentation || ' ' WHERE row = 5",
    "symbols": "UPDATE agent_brain.symbols SET end_line = 99 WHERE ordinal = 1",
    "symbol_references": "UPDATE agent_brain.symbol_references SET lines = lines || 7 WHERE name = 'Only2'",
    "vectors": "UPDATE agent_brain.vectors SET vector = vector * '[1,1,1,1,1,1,1,0.9999999]' WHERE vector::text ~ '5]'",
    "folders": "UPDATE agent_brain.folders SET include = '[\"*.py\"]' WHERE path = 'src'",
    "jobs": "UPDATE agent_brain.jobs SET progress = progress || '{\"rate\": 1}' WHERE id = 1",
    "project": "UPDATE agent_brain.projects SET next_job = next_job + 1",
}


@pytest.mark.parametrize("table", CHANGES)
async def test_verifying_finds_what_is_different(root: Path, source: str, postgres_url: str, table: str) -> None:
    await copy_to(source, postgres_url, root)
    equal = await compared(source, postgres_url, root)
    assert equal.differences == []
    assert equal.texts > 10
    assert equal.vectors > 10
    database(postgres_url).psql(CHANGES[table])
    verdict = await compared(source, postgres_url, root)
    assert verdict.tables.differing() == [table]
    assert verdict.differences[0] == f"The tables differ: {table}."


async def test_verifying_asks_questions_of_both(root: Path, source: str, postgres_url: str) -> None:
    await copy_to(source, postgres_url, root)
    database(postgres_url).psql(
        "DELETE FROM agent_brain.chunk_terms WHERE row IN (SELECT row FROM agent_brain.chunks WHERE text ~ 'several')"
    )
    verdict = await compared(source, postgres_url, root, ["several words", "检索", "nothing like it"])
    assert verdict.tables.differing() == []
    assert (verdict.texts, verdict.vectors) == (3, 0)
    assert verdict.differences[0] == "The question 'several words' is answered with other passages (bm25)."


def test_a_digest_does_not_depend_on_order_but_on_all_else() -> None:
    some = [(1, "a", 1.0), (2, "b", None), (3, b"a", True)]
    digests = set()
    for variant in (some, [(1, "a", 1), *some[1:]], [*some, some[0]], [(1, "a", -1.0), *some[1:]], some[:2], []):
        one, other = Tally(), Tally()
        one.add(variant)
        other.add(reversed(variant))
        assert one == other
        digests.add(one.digest)
    assert len(digests) == 6


def run_child(root: Path, source: str, target: str, statement: int, entry: Entry) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, copying_until_killed.__file__, str(root), str(statement), entry]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "COPY_FROM": source, "COPY_TO": target}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("to_postgres", [True, False], ids=["to postgres", "to sqlite"])
async def test_killed_at_points_all_along_and_resumed(
    root: Path, source: str, session_server: DatabaseServer, to_postgres: bool
) -> None:
    """Half of the copies are killed a second time while they are resumed."""
    chosen = random.Random(f"kill {to_postgres}")
    with session_server.database() as first:
        one_clean_run = session_server.url(first)
        counted = run_child(root, source, one_clean_run, 0, "new")
        assert counted.returncode == 0, counted.stderr
        origin = source if to_postgres else one_clean_run
        if not to_postgres:
            counted = run_child(root, origin, "sqlite:///clean.db", 0, "new")
        statements = int(counted.stdout)
        for number in range(KILLS):
            at = 1 + (number * statements + chosen.randrange(statements)) // KILLS
            with session_server.database() as name:
                url = session_server.url(name) if to_postgres else f"sqlite:///killed{number}.db"
                assert run_child(root, origin, url, at, "new").returncode == -9
                if number % 2:
                    run_child(root, origin, url, chosen.randrange(20, statements), "resume")
                await copy_to(origin, url, root, "resume", page_rows=12)
                if to_postgres:
                    await copy_to(url, f"sqlite:///back{number}.db", root)
                    assert rows(root / f"back{number}.db") == rows(root / "first.db")
                else:
                    assert rows(root / f"killed{number}.db") == rows(root / "first.db")
