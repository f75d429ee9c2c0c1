"""One connection with the named statements, bound to one project; it is used by one thread at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.sql import SQL, Identifier

from agent_brain_server.storage.texts import clean

Row = tuple[Any, ...]
SNAPSHOT: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
TRANSACTION: LiteralString = "BEGIN"
_COLUMNS = SQL("SELECT * FROM {} LIMIT 0")
_COPY = SQL("COPY {} FROM STDIN (FORMAT BINARY)")
_PARAMETER = re.compile(r"(?<![:\w\\]):([a-z]\w*)")


class Statement(NamedTuple):
    """SQL with `$1`, `$2`, …, and the names of what is bound to them."""

    sql: LiteralString
    names: tuple[str, ...]


class Statements:
    """Statements made of named blocks. Values are bound; only integers are ever written into a block."""

    def __init__(self, queries: Mapping[str, LiteralString]) -> None:
        self._queries = queries
        self._made: dict[tuple[str, ...], Statement] = {}

    def make(self, blocks: tuple[str, ...]) -> Statement:
        """Return the statement of these blocks. `name:3` is the block `name` with `3` for its `{slot}`."""
        made = self._made.get(blocks)
        if made is None:
            made = self._made[blocks] = _numbered("\n".join([self._block(block) for block in blocks]))
        return made

    def _block(self, block: str) -> str:
        name, numbered, slot = block.partition(":")
        return self._queries[name].format(slot=int(slot)) if numbered else self._queries[name]

    def define(self, name: str, **sizes: int) -> LiteralString:
        """Return a block with a size in it, as a definition has: there is no binding a value in those."""
        return self._queries[name].format(**{key: int(size) for key, size in sizes.items()})

    def names(self, prefix: str) -> list[str]:
        """Return the blocks that begin so, in the order of their files."""
        return [name for name in self._queries if name.startswith(prefix)]


def _numbered(text: str) -> Statement:
    """Replace each `:name` of the text by PostgreSQL's `$1`, `$2`, …."""
    names: dict[str, int] = {}
    sql = _PARAMETER.sub(lambda match: f"${names.setdefault(match[1], len(names) + 1)}", text)
    return Statement(sql, tuple(names))


class Session:
    """Runs named statements for the project, which is bound as `project`."""

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        statements: Statements,
        project_id: str,
        note: Callable[[], None] = lambda: None,
    ) -> None:
        """Call `note` whenever a statement begins."""
        self.connection = connection
        self.statements = statements
        self.project_id = project_id
        self._note = note

    def run(self, *blocks: str, **values: object) -> psycopg.Cursor[Row]:
        """Execute the statement that these blocks make up together."""
        return self._run(blocks, values)

    def _run(self, blocks: tuple[str, ...], values: dict[str, object], binary: bool = False) -> psycopg.Cursor[Row]:
        sql, names = self.statements.make(blocks)
        self._note()
        if not names:
            return self.connection.execute(sql, binary=binary)
        bound = {name: clean(value) for name, value in values.items()}
        bound["project"] = self.project_id
        return self.connection.execute(sql, [bound[name] for name in names], binary=binary)

    def rows(self, *blocks: str, **values: object) -> Sequence[Row]:
        """Return all rows that the statement gives."""
        return self._run(blocks, values).fetchall()

    def binary_rows(self, *blocks: str, **values: object) -> Sequence[Row]:
        """Return all rows, sent in PostgreSQL's binary format, which takes a fraction of the time for vectors."""
        return self._run(blocks, values, binary=True).fetchall()

    def first(self, *blocks: str, **values: object) -> Row | None:
        """Return the first row that the statement gives, if any."""
        return self._run(blocks, values).fetchone()

    def one(self, *blocks: str, **values: object) -> Row:
        """Return the one row that the statement gives; raise DataError if there is none."""
        row = self._run(blocks, values).fetchone()
        if row is None:
            raise psycopg.DataError(f"no row: {blocks[0]}")
        return row

    def define(self, name: str, **sizes: int) -> None:
        """Execute a definition with these sizes in it."""
        self.execute(self.statements.define(name, **sizes))

    def execute(self, sql: str) -> None:
        """Execute what is not named: it is a part of the program, or the database has written it."""
        self._note()
        self.connection.execute(sql)

    def run_written(self, name: str, **values: object) -> None:
        """Execute the statements that this one gives as text, where nothing can be bound."""
        for (statement,) in self.rows(name, **values):
            self.execute(statement)

    def copy(self, table: str, records: Iterable[Sequence[object]]) -> None:
        """Fill a staging table by binary COPY, inside of the transaction that a statement before it began."""
        self._note()
        columns = self.connection.execute(_COLUMNS.format(Identifier(table))).description or ()
        with (
            self.connection.cursor() as cursor,
            cursor.copy(_COPY.format(Identifier(table))) as copy,
        ):
            copy.set_types([column.type_code for column in columns])
            for record in records:
                copy.write_row(record)

    @contextmanager
    def transaction(self, begin: LiteralString = TRANSACTION) -> Iterator[None]:
        """Run all of the block's statements in one transaction; undo them when it raises."""
        self.begin(begin)
        try:
            yield
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def begin(self, begin: LiteralString = TRANSACTION) -> None:
        """Begin a transaction."""
        self._note()
        self.connection.execute(begin)

    def commit(self) -> None:
        """Make the transaction last."""
        self._note()
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo the transaction, unless its connection is gone: then the database does."""
        self._note()
        if not self.connection.closed:
            try:
                self.connection.execute("ROLLBACK")
            except psycopg.Error:
                self.connection.close()


def to_json(value: object) -> str:
    """Return the value as the text of a `jsonb` column."""
    return json.dumps(clean(value), ensure_ascii=False)
