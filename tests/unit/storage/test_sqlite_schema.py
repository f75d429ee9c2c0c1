"""A column that a migration adds gives the table of a new file."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from agent_brain_server.storage.sqlite.schema import _schema

OLD = "CREATE TABLE files (\n    path TEXT PRIMARY KEY,\n    size INTEGER NOT NULL\n) STRICT"
NEW = "CREATE TABLE files (\n    path TEXT PRIMARY KEY,\n    size INTEGER NOT NULL,\n    mode TEXT DEFAULT ''\n) STRICT"
ADDITION = "ALTER TABLE files ADD COLUMN mode TEXT DEFAULT ''"


def test_a_table_with_an_added_column_is_that_of_a_new_file() -> None:
    with closing(sqlite3.connect(":memory:")) as upgraded, closing(sqlite3.connect(":memory:")) as fresh:
        upgraded.execute(OLD)
        fresh.execute(NEW)
        assert _schema(upgraded) != _schema(fresh)
        upgraded.execute(ADDITION)
        assert _schema(upgraded) == _schema(fresh)
