"""The code graph: written inside the transaction that replaces or removes files, and read."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.domain.graph import LocatedDefinition, LocatedReference
from agent_brain_server.storage.graph import (
    by_place,
    key_of,
    located_definition,
    located_reference,
    reference_rows,
    symbol_rows,
)
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.rows import Row


async def insert_graph(session: Session, files: Sequence[tuple[int, IndexedFile]]) -> None:
    """Add the graphs of these files, by their ids; they have none."""
    symbols, references = await asyncio.to_thread(_rows, files)
    await insert_rows(session, "symbols", symbols)
    await insert_rows(session, "symbol_references", references)


def _rows(files: Sequence[tuple[int, IndexedFile]]) -> tuple[Sequence[Row], Sequence[Row]]:
    symbols = [row for file_id, indexed in files for row in symbol_rows(file_id, indexed)]
    references = [row for file_id, indexed in files for row in reference_rows(file_id, indexed, list)]
    return symbols, references


async def insert_rows(session: Session, table: str, rows: Sequence[Row]) -> None:
    """Add these rows, without the project, to a table of the graph."""
    if rows:
        await session.run(f"stage_{table}")
        await session.copy(f"staged_{table}", rows)
        await session.run(f"insert_{table}")


async def remove_graph(session: Session, files: Sequence[int]) -> None:
    """Remove the graphs of these files."""
    await session.run("delete_symbols", files=files)
    await session.run("delete_references", files=files)


async def find_definitions(session: Session, names: Collection[str]) -> list[LocatedDefinition]:
    """See `GraphView.definitions`."""
    keys = list(set(map(key_of, names)))
    return [located_definition(row) for row in await session.rows("find_definitions", keys=keys)]


async def definitions_in(session: Session, paths: Collection[str], symbols: Collection[str]) -> list[LocatedDefinition]:
    """See `GraphView.definitions_in`."""
    rows = await session.rows("definitions_in", paths=list(set(paths)), symbols=list(symbols))
    return [located_definition(row) for row in rows]


async def find_references(session: Session, names: Collection[str], limit: int) -> list[LocatedReference]:
    """See `GraphView.references`."""
    found = await session.rows("find_references", names=list(set(names)), limit=max(limit, 0))
    return [located_reference(row) for row in found]


async def references_in(
    session: Session, paths: Collection[str], kinds: Collection[str], within: Collection[str]
) -> list[LocatedReference]:
    """See `GraphView.references_in`."""
    rows = await session.rows("references_in", paths=list(set(paths)), kinds=list(kinds), within=list(within))
    return [located_reference(row) for row in rows]


async def rows_at(session: Session, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """See `GraphView.rows_at`."""
    asked = list(set(places))
    paths, lines = [path for path, _ in asked], [line for _, line in asked]
    return by_place(await session.rows("rows_at", paths=paths, lines=lines))
