"""The protocols of a copy's endpoints, and the digests by which two are compared."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, Protocol

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.domain.hits import Hit
from agent_brain_server.errors import ConflictError, SchemaVersionError
from agent_brain_server.storage.tables import Key, Row, Table, Value, parse_key

Entry = Literal["new", "resume", "start-over"]

PAGE_ROWS = 1_000
_DIGESTS = 1 << 128


@dataclass(frozen=True, slots=True)
class Project:
    """The identity and the counters of an index. `instance` and `generation` identify a state of one source; a copy
    has an instance of its own."""

    instance: str
    generation: int
    tokenizer_version: str
    model: EmbeddingModel
    embedded_texts: int
    next_row: int
    next_job: int

    def row(self) -> Row:
        """Return what a copy has in common with its source."""
        model = (self.model.name, self.model.dimensions, self.model.tokenizer)
        return (self.tokenizer_version, *model, self.embedded_texts, self.next_row, self.next_job)


@dataclass(slots=True)
class TableDigest:
    """A table's rows counted, weighed and digested. The digest is a sum over the rows: their order changes nothing."""

    rows: int = 0
    bytes: int = 0
    sum: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Count these in."""
        for row in rows:
            encoded = encode(row)
            self.rows += 1
            self.bytes += len(encoded)
            self.sum = (self.sum + int.from_bytes(blake2b(encoded, digest_size=16).digest())) % _DIGESTS

    @property
    def hexdigest(self) -> str:
        """Return the digest, 128 bits in hex."""
        return f"{self.sum:032x}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a table's copy: up to the key `after`, so many rows."""

    after: Key | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class TargetState:
    """The content of a target: `rows` of the paged tables, and the ledger of a copy that did not end."""

    rows: int = 0
    source: str | None = None
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)


def target_state(rows: int, ledger: Sequence[Sequence[Any]]) -> TargetState:
    """Return what a target of `rows` rows holds, given its ledger's rows: table, source, last key as JSON, count."""
    checkpoints = {name: Checkpoint(parse_key(key), count) for name, _, key, count in ledger}
    return TargetState(rows, ledger[0][1] if ledger else None, checkpoints)


class Snapshot(Protocol):
    """One state of an index, unchanged by writes meanwhile."""

    @property
    def project(self) -> Project:
        """Return what the index knows of itself."""
        ...

    async def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each of TABLES."""
        ...

    async def page(self, table: Table, after: Key | None, limit: int) -> list[Row]:
        """Return the next `limit` rows after the key `after`, in canonical form, by key."""
        ...

    async def search_lexical(self, terms: Sequence[str], limit: int) -> list[Hit]:
        """Search as `SearchView.lexical` does without filters; no chunk is passed over."""
        ...

    async def search_vector(self, vector: FloatArray, limit: int) -> list[Hit]:
        """Search as `SearchView.vector` does without filters, exactly."""
        ...


class Target(Protocol):
    """An index that is being written. What `write` and `finish` do lasts as a whole or not at all."""

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """Return how far each of PAGED was when writing began."""
        ...

    async def write(self, table: Table, rows: Sequence[Row]) -> None:
        """Append a page, with the full-text terms of its chunks, and note in the ledger how far it goes."""
        ...

    async def finish(self, project: Project, last: Mapping[str, Sequence[Row]]) -> None:
        """Build what was put off, then replace the tables LAST by these rows, set the counters and drop the ledger."""
        ...


class CopyEndpoint(Protocol):
    """An index, or a place for one, that can be copied from or to."""

    def describe(self) -> str:
        """Return what `Store.describe` does."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Snapshot]:
        """Yield one state of the index. Raise StorageError where there is none."""
        ...

    async def check(self, project: Project, source: str, entry: Entry) -> TargetState:
        """Raise what `writing` would raise at its start; nothing is changed."""
        ...

    def writing(self, project: Project, source: str, entry: Entry) -> AbstractAsyncContextManager[Target]:
        """Make ready to copy `project` from the state that `source` names, with no other writer.

        Raise ConflictError where the target holds an index, or an unfinished copy that `entry` does not go on with.
        """
        ...


class TargetHoldsIndexError(ConflictError):
    """The target holds an index already."""


def admit(place: str, found: TargetState, source: str, entry: Entry) -> None:
    """Raise ConflictError unless a copy of `source` may begin, or go on, in a target of which `found` is known."""
    if found.source is None:
        if found.rows:
            raise TargetHoldsIndexError(
                f"{place} already holds an index of this project. Name another place, or empty that one: agent-brain "
                "reset, with the settings pointing there (a file can also be moved away)."
            )
    elif entry == "new":
        raise ConflictError(
            f"A copy into {place} was not finished. Run the same command with --resume to continue "
            "it, or with --start-over to begin again."
        )
    elif entry == "resume" and found.source != source:
        raise ConflictError(
            f"What was being copied into {place} has changed since. Run the same command with --start-over instead of "
            "--resume."
        )


def unfinished(place: str) -> ConflictError:
    """Return the error for a partial index at `place`."""
    return ConflictError(
        f"A copy into {place} was not finished. Continue it: agent-brain storage copy --resume, with its --from and "
        "--to; or discard it: agent-brain start --reindex"
    )


def other_schema(place: str, stored: int, known: int) -> SchemaVersionError:
    """Return the error for tables that this version does not copy."""
    return SchemaVersionError(
        f"{place} has schema {stored}, and this Agent Brain copies schema {known}. Start it there "
        "once, which upgrades an "
        "old one, or upgrade agent-brain: agent-brain start",
        stored=stored,
    )


def encode(row: Row) -> bytes:
    """Encode the row: each value's kind, length and content; floats by their bits."""
    parts: list[bytes] = []
    for value in row:
        kind, content = _encoded(value)
        parts += (kind, len(content).to_bytes(8), content)
    return b"".join(parts)


def _encoded(value: Value) -> tuple[bytes, bytes]:
    if isinstance(value, str):
        return b"s", value.encode()
    if isinstance(value, bytes):
        return b"v", value
    if isinstance(value, bool):
        return b"b", b"\1" if value else b"\0"
    if isinstance(value, int):
        return b"i", str(value).encode()
    if isinstance(value, float):
        return b"f", struct.pack("<d", value)
    return b"n", b""


async def pages(
    snapshot: Snapshot, table: Table, after: Key | None = None, limit: int = PAGE_ROWS
) -> AsyncIterator[list[Row]]:
    """Yield the rows after the key `after`, page by page."""
    while rows := await snapshot.page(table, after, limit):
        yield rows
        after = table.key_of(rows[-1])
