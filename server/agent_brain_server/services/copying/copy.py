"""Copying an index from one backend to another, and comparing the two."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from agent_brain_server.errors import ConflictError, StorageError
from agent_brain_server.storage.tables import FILES, LAST, PAGED, TABLES, Row, Table
from agent_brain_server.storage.transfer import (
    PAGE_ROWS,
    Checkpoint,
    CopyEndpoint,
    Entry,
    Snapshot,
    TableDigest,
    Target,
    TargetHoldsIndexError,
    pages,
)

PROJECT = "project"


@dataclass(slots=True)
class Progress:
    """Callbacks of a copy: `begin` with how many more rows there are to do, `advance` with how many are done."""

    begin: Callable[[int], None] = field(default=lambda rows: None)
    advance: Callable[[str, int], None] = field(default=lambda table, rows: None)


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that is complete: the rows of each table, and how many of all of them were there from an earlier run."""

    rows: Mapping[str, int]
    resumed: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides' tables by name."""

    source: Mapping[str, TableDigest]
    target: Mapping[str, TableDigest]

    def differing(self) -> list[str]:
        """Return the tables that are not equal."""
        return [name for name, digest in self.source.items() if digest != self.target[name]]


async def copy(
    source: CopyEndpoint, target: CopyEndpoint, entry: Entry, progress: Progress, *, page_rows: int = PAGE_ROWS
) -> Copied:
    """Copy the index of `source` into `target`, or the rest of it. Killed anywhere, it can be resumed.

    Raise ConflictError where the target is not ready for it, StorageError where an endpoint fails.
    """
    async with source.reading() as snapshot:
        counts = await snapshot.count_rows()
        state = await fingerprint(snapshot)
        try:
            async with target.writing(snapshot.project, state, entry) as writing:
                resumed = sum(checkpoint.rows for checkpoint in writing.checkpoints.values())
                progress.begin(sum(counts[table.name] for table in PAGED) - resumed)
                try:
                    await _copy_tables(snapshot, writing, progress, page_rows)
                except StorageError as error:
                    raise StorageError(
                        f"{error} What is copied is kept. Continue with the same command and --resume."
                    ) from error
        except TargetHoldsIndexError:
            if entry != "resume" or (await compare(snapshot, target, progress)).differing():
                raise
            resumed = sum(counts[table.name] for table in PAGED)
    return Copied(counts, resumed)


async def _copy_tables(snapshot: Snapshot, writing: Target, progress: Progress, page_rows: int) -> None:
    for table in PAGED:
        after = writing.checkpoints.get(table.name, Checkpoint()).after
        async for rows in pages(snapshot, table, after, page_rows):
            await writing.write(table, rows)
            progress.advance(table.name, len(rows))
    progress.advance("indexes", 0)
    last = {table.name: await _all_rows(snapshot, table) for table in LAST}
    await writing.finish(snapshot.project, last)


async def _all_rows(snapshot: Snapshot, table: Table) -> Sequence[Row]:
    return [row async for rows in pages(snapshot, table) for row in rows]


async def rehearse(
    source: CopyEndpoint, target: CopyEndpoint, entry: Entry, progress: Progress
) -> Mapping[str, TableDigest]:
    """Raise what `copy` would raise before it writes, and read all that it would copy; nothing is changed."""
    async with source.reading() as snapshot:
        await target.check(snapshot.project, await fingerprint(snapshot), entry)
        return await digest_tables(snapshot, progress)


async def fingerprint(snapshot: Snapshot) -> str:
    """Return a name for this state of the index, without folders and jobs, which a copy takes last and at once.

    Chunks change with the generation alone. Manifest rows may change, and unused vectors go, without it.
    """
    counts = await snapshot.count_rows()
    files = TableDigest()
    async for rows in pages(snapshot, FILES):
        files.add(rows)
    known = asdict(snapshot.project) | {"next_job": 0, "files": files.hexdigest, "vectors": counts["vectors"]}
    return blake2b(json.dumps(known, sort_keys=True).encode(), digest_size=16).hexdigest()


async def compare(snapshot: Snapshot, other: CopyEndpoint, progress: Progress) -> Comparison:
    """Read both sides."""
    async with other.reading() as target:
        return Comparison(await digest_tables(snapshot, progress), await digest_tables(target, progress))


async def digest_tables(snapshot: Snapshot, progress: Progress) -> dict[str, TableDigest]:
    """Count and digest each table, and what the index knows of itself."""
    counts = await snapshot.count_rows()
    progress.begin(sum(counts.values()))
    found = {table.name: TableDigest() for table in TABLES}
    for table in TABLES:
        async for rows in pages(snapshot, table):
            found[table.name].add(rows)
            progress.advance(table.name, len(rows))
    found[PROJECT] = TableDigest()
    found[PROJECT].add([snapshot.project.row()])
    return found


def refuse_same(source: CopyEndpoint, target: CopyEndpoint) -> None:
    """Raise ConflictError where both are one place."""
    if source.describe() == target.describe():
        raise ConflictError(f"Both --from and --to are {source.describe()}: name two places.")
