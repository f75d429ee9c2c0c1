"""One connection with the named statements; it is used by one thread at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

Row = tuple[Any, ...]


class UnsoundError(sqlite3.DatabaseError):
    """The tables hold what cannot have been written into them: corruption, as SQLite itself reports it."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


class Session:
    """Runs named statements. Values are bound, never formatted."""

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, LiteralString]) -> None:
        self.connection = connection
        self.queries = queries

    def run(self, *names: str, **values: object) -> sqlite3.Cursor:
        """Execute the statement that these blocks make up together."""
        return self.connection.execute("\n".join([self.queries[name] for name in names]), values)

    def run_many(self, name: str, rows: Iterable[Sequence[object]] | Iterable[Mapping[str, object]]) -> int:
        """Execute the statement for each of `rows`; return how many rows of the database it changed."""
        before = self.connection.total_changes
        self.connection.executemany(self.queries[name], rows)
        return self.connection.total_changes - before

    def one(self, name: str, **values: object) -> Row:
        """Return the one row that the statement gives; raise UnsoundError if there is none."""
        row: Row | None = self.run(name, **values).fetchone()
        if row is None:
            raise UnsoundError(f"no row: {name}")
        return row

    def begin(self, *, write: bool = False) -> None:
        """Start a transaction: what follows sees one state of the database."""
        self.connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        """Make the transaction last."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo what is left of the transaction; SQLite itself undoes it on some errors, a full disk for one."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[None]:
        """Run the block's statements in one transaction; undo them when it raises."""
        self.begin(write=write)
        try:
            yield
            self.commit()
        except BaseException:
            self.roll_back()
            raise
