"""A server that starts on an index of an older version makes it again by itself, and embeds nothing again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from support.brain import Brain, configure, write_files


async def test_a_server_fills_an_index_of_version_1_again(tmp_path: Path) -> None:
    configure(tmp_path)
    write_files(tmp_path, {"pool.py": "def acquire():\n    return take()\n", "notes.md": "# Notes\n\nA walrus.\n"})
    async with Brain(tmp_path) as brain:
        await brain.index()
        embedded = (await brain.call("GET", "/health/status"))["index"]["embedded_texts"]
    database = tmp_path / ".claude" / "agent-brain" / "index.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in ("symbols", "symbol_references", "graph_names"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET schema_version = 1, tokenizer_version = '1'")
    async with Brain(tmp_path) as brain:
        (job, *_) = (await brain.call("GET", "/index/jobs"))["jobs"]
        progress = (await brain.wait(job["id"]))["progress"]
        assert (progress["files_changed"], progress["texts_embedded"]) == (2, 0)
        assert await brain.paths("walrus acquire") == {"notes.md", "pool.py"}
        assert (await brain.call("GET", "/health/status"))["index"]["embedded_texts"] == embedded > 0
