"""An index with something of everything, its copies, and what distinguishes two of them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_brain_server.domain.code_graph import Definition, FileGraph, Reference
from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.jobs import Progress as JobProgress
from agent_brain_server.errors import (
    AgentBrainError,
)
from agent_brain_server.services.copying.copy import Progress, copy, rehearse
from agent_brain_server.services.copying.verify import Verdict, verify
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_endpoint, create_store
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.transfer import Entry
from storage.building import (
    EVERYTHING,
    MANY,
    MODEL,
    TOKENIZER,
    axis,
    definitions,
    lexical_hits,
    make_chunk,
    make_file,
    nearest,
    put,
    references,
)
from support.corpus import source_files
from support.postgres import DatabaseServer

FIRST = "sqlite:///first.db"
SECOND = "sqlite:///second.db"
QUIET = Progress()
ODD = "naïve Σίσυφος 检索 \U0001f9e0 e\u0301 \u202eabc \ufeff\u0085 \t' \" \\ {0} %s :name -- ; \u2028 end"


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
    await store.index.remove_files(["two.py"])
    await put(store, make_file("gone.py", "texts that are unused by now"))
    await store.index.remove_files(["gone.py"])
    await store.folders.save(Folder("src", ("**/*.py", "über/*"), ("!generated/", "a'b")))
    await store.folders.save(Folder("odd"))
    await add_jobs(store)


def graph_of(path: str, parts: int) -> FileGraph:
    """Return a definition for every part of a file, and references of one line and of several."""
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
        job = await store.jobs.add([f"path {number}", "ü"], number == 2, 1_700_000_000.1 + number)
        await store.jobs.claim(1_700_000_001.2)
        await store.jobs.finish(job.id, state, "a reason" * (number - 1), progress, 1_700_000_002.3)  # type: ignore[arg-type]
    await store.jobs.add(["running"], False, 5.0)
    running = await store.jobs.claim(6.0)
    assert running is not None
    await store.jobs.save_progress(running.id, progress)
    await store.jobs.add([], True, 7.0)


async def copy_to(source: str, target: str, root: Path, entry: Entry = "new", **more: int) -> None:
    await copy(create_endpoint(source, root), create_endpoint(target, root), entry, QUIET, **more)


async def compared(one: str, other: str, root: Path, texts: Sequence[str] | None = None) -> Verdict:
    return await verify(create_endpoint(one, root), create_endpoint(other, root), QUIET, texts)


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
            hits = [await lexical_hits(store, terms, EVERYTHING, MANY) for store in (first, second)]
            assert hits[0] == hits[1]
            assert hits[0]
        assert await nearest(first, axis(1, 0.5)) == await nearest(second, axis(1, 0.5))
        for names in (["DO_IT"], [ODD]):
            assert await definitions(first, names) == await definitions(second, names) != []
        for names in (["do_it"], ["Only2", ODD]):
            assert await references(first, names, MANY) == await references(second, names, MANY) != []


async def refused(source: str, target: str, root: Path, entry: Entry = "new") -> str:
    """Return the sentence with which both a copy and its rehearsal are refused."""
    sentences = []
    for attempt in (rehearse, copy):
        with pytest.raises(AgentBrainError) as caught:
            await attempt(create_endpoint(source, root), create_endpoint(target, root), entry, QUIET)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    return sentences[0]


class StoppedError(Exception):
    pass


async def stop_after(source: str, target: str, root: Path, pages: int) -> None:
    """Stop a copy after so many pages, as a process that dies does."""
    done = 0

    def advance(table: str, rows: int) -> None:
        nonlocal done
        done += 1
        if done == pages:
            raise StoppedError

    with pytest.raises(StoppedError):
        await copy(
            create_endpoint(source, root), create_endpoint(target, root), "new", Progress(advance=advance), page_rows=12
        )
