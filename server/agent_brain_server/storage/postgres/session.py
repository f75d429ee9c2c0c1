"""One connection with the named statements, bound to one project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from agent_brain_server.storage.texts import clean

Row = tuple[Any, ...]


class Statements:
    """Statements made of named blocks. Values are bound; only integers are ever written into a block."""

    def __init__(self, queries: Mapping[str, LiteralString]) -> None:
        self._queries = queries
        self._made: dict[tuple[str, ...], TextClause] = {}

    def make(self, blocks: tuple[str, ...]) -> TextClause:
        """The statement of these blocks. `name:3` is the block `name` with `3` for its `{slot}`."""
        made = self._made.get(blocks)
        if made is None:
            made = self._made[blocks] = text("\n".join([self._block(block) for block in blocks]))
        return made

    def _block(self, block: str) -> str:
        name, numbered, slot = block.partition(":")
        return self._queries[name].format(slot=int(slot)) if numbered else self._queries[name]

    def define(self, name: str, **sizes: int) -> TextClause:
        """A block with a size in it, as a definition has: there is no binding a value in those."""
        return text(self._queries[name].format(**{key: int(size) for key, size in sizes.items()}))

    def names(self, prefix: str) -> list[str]:
        """The blocks that begin so, in the order of their files."""
        return [name for name in self._queries if name.startswith(prefix)]


class Session:
    """Runs named statements for the project, which is bound as `project`."""

    def __init__(self, connection: AsyncConnection, statements: Statements, project_id: str) -> None:
        self.connection = connection
        self.statements = statements
        self.project_id = project_id

    async def run(self, *blocks: str, **values: object) -> CursorResult[Any]:
        """Execute the statement that these blocks make up together."""
        bound = {name: clean(value) for name, value in values.items()}
        return await self.connection.execute(self.statements.make(blocks), {"project": self.project_id, **bound})

    async def rows(self, *blocks: str, **values: object) -> Sequence[Row]:
        """All rows that the statement gives."""
        found: Sequence[Row] = (await self.run(*blocks, **values)).all()
        return found

    async def first(self, *blocks: str, **values: object) -> Row | None:
        """The first row that the statement gives, if any."""
        found: Row | None = (await self.run(*blocks, **values)).first()
        return found

    async def one(self, *blocks: str, **values: object) -> Row:
        """The one row that the statement gives."""
        found: Row = (await self.run(*blocks, **values)).one()
        return found

    async def define(self, name: str, **sizes: int) -> None:
        """Execute a definition with these sizes in it."""
        await self.connection.execute(self.statements.define(name, **sizes))

    async def run_written(self, name: str, **values: object) -> None:
        """Execute the statements that this one gives as text, where nothing can be bound."""
        for (statement,) in await self.rows(name, **values):
            await self.connection.exec_driver_sql(statement)

    async def copy(self, table: str, records: Iterable[Sequence[object]]) -> None:
        """Fill a staging table by binary COPY, inside of the transaction that a statement before it began."""
        raw = await self.connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.copy_records_to_table(table, records=records)


def to_json(value: object) -> str:
    """The value as a column of type jsonb takes it."""
    return json.dumps(clean(value), ensure_ascii=False)
