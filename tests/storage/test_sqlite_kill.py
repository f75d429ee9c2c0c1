"""A server that is killed while it writes leaves an index that is whole, and a cache that is made right again."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage import writing_until_killed
from storage.building import (
    EVERYTHING,
    MANY,
    MODEL,
    TOKENIZER,
    axis,
    definitions,
    definitions_in,
    fetch_chunks,
    find,
    lexical_hits,
    list_files,
    make_file,
    put,
    references,
    vector_hits,
    vector_of,
)

KILLS = int(os.environ.get("AGENT_BRAIN_TESTS_KILLS", "10"))
TESTS = Path(__file__).parents[1]


def write_and_kill(directory: Path, seed: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, writing_until_killed.__file__, str(directory), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        time.sleep(random.Random(seed).uniform(0.05, 0.3))
        process.send_signal(signal.SIGKILL)


def check_database(path: Path) -> None:
    """SQLite's own checks of the tables and of the full-text index."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO chunk_terms (chunk_terms) VALUES ('integrity-check')")
        rows = connection.execute("SELECT row FROM chunks ORDER BY row").fetchall()
        assert connection.execute("SELECT rowid FROM chunk_terms ORDER BY rowid").fetchall() == rows
        connection.execute("INSERT INTO graph_names (graph_names) VALUES ('integrity-check')")
        lacking = "SELECT count(*) FROM chunks WHERE text_hash NOT IN (SELECT text_hash FROM vectors)"
        assert connection.execute(lacking).fetchone() == (0,)


async def check_content(store: Store) -> None:
    """Every file is whole in one version; searches and the graph see just it, with the vectors of its texts."""
    manifest = await list_files(store)
    hits = await lexical_hits(store, ["common"], EVERYTHING, MANY)
    chunks = await fetch_chunks(store, [hit.row for hit in hits])
    by_file: dict[str, set[str]] = {path: set() for path in manifest}
    for chunk in chunks.values():
        by_file[chunk.path].add(chunk.text)
    for path, record in manifest.items():
        assert len(by_file[path]) == record.chunk_count
        (version,) = {text.split()[2] for text in by_file[path]}
        parts = [f"part{at}" for at in range(record.chunk_count)]
        assert [found.definition.name for found in await definitions_in(store, [path])] == parts
        used = [found for found in await references(store, [version], MANY) if found.path == path]
        assert [found.reference.qualifier for found in used] == parts
    assert {found.path for found in await definitions(store, ["part0"])} == manifest.keys()
    query = axis(1, 0.5, 0.25)
    near = await vector_hits(store, query, EVERYTHING, MANY)
    assert {hit.row for hit in near} == chunks.keys()
    for hit in near:
        (prepared,) = make_file("x.py", chunks[hit.row].text).chunks
        assert hit.score == float(np.vdot(vector_of(prepared.text_hash), query))


@pytest.mark.timeout(120 + 20 * KILLS)
async def test_kills_in_the_middle_of_writing(tmp_path: Path) -> None:
    for seed in range(KILLS):
        write_and_kill(tmp_path, seed)
        check_database(tmp_path / "index.db")
        store = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
        await store.open()
        await check_content(store)
        if seed % 2:
            await put(store, writing_until_killed.versioned_file(99, seed))
            await check_content(store)
            assert f"common file99 version{seed} part0 of{seed % 5 + 1}" in await find(store, "common")
        await store.close()
