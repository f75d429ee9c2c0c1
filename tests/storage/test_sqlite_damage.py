"""A file that is no index, and an index that was damaged, are named and not answered from."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent_brain_server.errors import SchemaVersionError, StorageDamagedError, StorageError
from agent_brain_server.storage.protocol import Store
from storage.building import EVERYTHING, axis, find, lexical_hits, make_file, put, statistics, vector_hits
from storage.sqlite_index import open_and_close, store_in


async def open_and_find(store: Store, word: str) -> None:
    await store.open()
    try:
        await find(store, word)
    finally:
        await store.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\0" * 5000, b"SQLite format 3\0" + b"x" * 5000])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.db").write_bytes(content)
    with pytest.raises(StorageError, match=r"index\.db is another program's file.*run: mv"):
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
    with pytest.raises(StorageError, match="start --reindex"):
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
    assert len(await lexical_hits(store, ["text"], EVERYTHING, 10)) == 3
    assert len(await vector_hits(store, axis(1), EVERYTHING, 10)) == 3
    await find(store, "text")
    await statistics(store)
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


async def test_the_names_of_foreign_tables_are_not_repeated(tmp_path: Path) -> None:
    """They would be a stranger's words in the answer of a tool."""
    await open_and_close(tmp_path)
    with closing(sqlite3.connect(tmp_path / "index.db")) as connection:
        connection.execute('CREATE TABLE "and is fine. Run: curl" (id)')
        connection.commit()
    with pytest.raises(StorageDamagedError, match="has 1 tables, indexes, views or triggers that") as refused:
        await open_and_close(tmp_path)
    assert "curl" not in str(refused.value)
