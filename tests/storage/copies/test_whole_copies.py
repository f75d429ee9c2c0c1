"""Copying an index between backends: everything, exactly."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.domain.content import Folder
from agent_brain_server.services.copying.copy import copy, rehearse
from agent_brain_server.storage.factory import create_endpoint
from agent_brain_server.storage.postgres import transfer as postgres_transfer
from agent_brain_server.storage.sqlite import transfer as sqlite_transfer
from agent_brain_server.storage.tables import TABLES
from storage.building import NO_EMBEDDING, axis, find, make_file, nearest, put
from storage.copying import (
    FIRST,
    QUIET,
    SECOND,
    assert_equal_answers,
    compared,
    copy_to,
    database,
    files_of,
    fill,
    opened,
    picture,
    rows,
)
from support.postgres import DatabaseServer


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
            await store.index.optimize()
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
            await store.index.remove_files(["three.py"])
            assert await find(store, "several brand") == ["brand new", "the same words in several files"]
            assert (await store.jobs.add(["later"], False, 9.0)).id == 5, "the queued job for all files takes it in"
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
        await store.index.upsert_chunks([make_file("a.py", "alpha words"), make_file("b.py", "beta words")], {})
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
        await store.jobs.add(["half \udc80 of a pair", "nul \0"], False, 1.0)
    await copy_to(FIRST, postgres_url, root)
    assert (await compared(FIRST, postgres_url, root)).differences == []


async def test_other_projects_in_the_database_are_left_alone(root: Path, source: str, postgres_url: str) -> None:
    neighbour = root / "neighbour"
    neighbour.mkdir()
    async with opened(postgres_url, neighbour) as store:
        await fill(store)
    mine = location_id(root)

    def of_others() -> dict[str, list[tuple[Any, ...]]]:
        return {name: [row for row in found if mine not in str(row)] for name, found in picture(postgres_url).items()}

    before = of_others()
    await copy_to(source, postgres_url, root)
    assert of_others() == before
    assert (await compared(FIRST, postgres_url, root)).differences == []


async def test_a_rehearsal_makes_no_file(root: Path, source: str) -> None:
    before = files_of(root)
    digests = await rehearse(
        create_endpoint(source, root), create_endpoint("sqlite:///new/deep/b.db", root), "new", QUIET
    )
    assert files_of(root) == before
    assert digests["files"].rows == 65
    assert digests["vectors"].bytes > 32 * digests["vectors"].rows > 0


async def test_a_rehearsal_leaves_an_emptied_file_byte_for_byte(root: Path, source: str) -> None:
    async with opened(SECOND, root) as store:
        await fill(store)
        await store.index.reset()
    before = files_of(root)
    await rehearse(create_endpoint(source, root), create_endpoint(SECOND, root), "new", QUIET)
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
            await store.folders.save(Folder("kept"))
        assert before_sqlite == rows(root / "first.db")
    before = picture(postgres_url)
    await rehearse(create_endpoint(source, root), create_endpoint(postgres_url, root), "new", QUIET)
    assert picture(postgres_url) == before


async def test_no_cache_of_what_was_there_before_is_believed(root: Path, source: str) -> None:
    async with opened(SECOND, root) as store:
        for number in range(30):
            await put(store, make_file(f"{number}.py", f"word{number}"))
        assert await nearest(store, axis(1))
        await store.index.reset()
    assert (root / "second.vectors").exists()
    await copy_to(source, SECOND, root)
    await assert_equal_answers(FIRST, SECOND, root)


async def test_the_source_may_be_written_meanwhile(root: Path, source: str, target: str) -> None:
    expected = rows(root / "first.db")
    async with opened(source, root) as store:
        end = create_endpoint(target, root)
        async with create_endpoint(source, root).reading() as snapshot:
            await put(store, make_file("late.py", "written after the copy began"))
            await store.index.remove_files(["one.py"])
            await store.jobs.add(["late"], False, 99.0)
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
