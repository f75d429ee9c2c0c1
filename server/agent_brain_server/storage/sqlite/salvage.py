"""Reading what is still good in an index that may be damaged: folders, and vectors, which may have cost money."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent_brain_contract.index_file import addresses
from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.errors import StorageDamagedError
from agent_brain_server.storage.sqlite.schema import refuse_foreign

LONGEST_SECONDS = 120.0
NORM_TOLERANCE = 1e-3
_STEPS = 20_000  # of SQLite's machine, between two looks at the clock
_FARTHEST = 1 << 62

Vector = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Salvage:
    """The result of `open_salvage`: the folders, and the vectors by the model that made them."""

    connection: sqlite3.Connection
    folders: tuple[Folder, ...]
    model: EmbeddingModel

    def vectors(self) -> Iterator[Vector]:
        """Yield the text hash and the vector of each row that can be read and is whole."""
        if self.model.dimensions:
            yield from _whole(_readable(self.connection), self.model.dimensions)


def open_salvage(path: Path) -> Salvage | None:
    """Return what can be read of the index at `path`; of an unfinished copy the folders alone; None for no index."""
    for address in addresses(path):
        connection = sqlite3.connect(address, timeout=2.0, isolation_level=None, uri=True)
        try:
            return _opened(connection, path)
        except (sqlite3.Error, StorageDamagedError, ValueError, TypeError):
            connection.close()
    return None


def _opened(connection: sqlite3.Connection, path: Path) -> Salvage:
    deadline = time.monotonic() + LONGEST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    connection.execute("PRAGMA trusted_schema = OFF")
    # A file that was cut is only read where the schema may be written; this connection cannot write.
    connection.execute("PRAGMA writable_schema = ON")
    refuse_foreign(connection, path)
    kinds = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
    if any(str(kinds.get(name)).upper().startswith("CREATE VIRTUAL") for name in _READ):
        raise StorageDamagedError("an index has no virtual tables of these names")
    if "copy_ledger" in kinds:
        return Salvage(connection, _folders(connection), EmbeddingModel("", 0))
    name, dimensions, tokenizer = connection.execute(
        "SELECT embedding_name, embedding_dimensions, embedding_tokenizer FROM meta"
    ).fetchone()
    return Salvage(connection, _folders(connection), EmbeddingModel(str(name), int(dimensions), str(tokenizer)))


_READ = ("meta", "folders", "vectors")


def _folders(connection: sqlite3.Connection) -> tuple[Folder, ...]:
    with suppress(sqlite3.Error, ValueError, TypeError):
        rows = connection.execute("SELECT path, include, exclude FROM folders ORDER BY path").fetchall()
        return tuple(Folder(str(path), _texts(include), _texts(exclude)) for path, include, exclude in rows)
    return ()


def _texts(stored: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(stored)))


def _readable(connection: sqlite3.Connection) -> Iterator[Vector]:
    """Yield the rows by their ids; ranges of ids that cannot be read are passed over."""
    after: int | None = 0
    while after is not None:
        try:
            for row_id, text_hash, vector in _rows_after(connection, after):
                if row_id <= after:  # the tree leads back to itself
                    return
                yield text_hash, vector
                after = row_id
        except sqlite3.DatabaseError:  # also where text is no UTF-8
            after = _next_readable(connection, after)
        else:
            return


def _rows_after(connection: sqlite3.Connection, after: int) -> sqlite3.Cursor:
    return connection.execute("SELECT id, text_hash, vector FROM vectors WHERE id > ? ORDER BY id", (after,))


def _next_readable(connection: sqlite3.Connection, after: int) -> int | None:
    """Return the least id above `after` from which on rows can be read again, None where there is none."""
    step = 1
    while not _can_read(connection, after + step):
        step *= 2
        if step > _FARTHEST:
            return None
    unreadable, readable = after + step // 2, after + step
    while readable - unreadable > 1:
        middle = (unreadable + readable) // 2
        unreadable, readable = (unreadable, middle) if _can_read(connection, middle) else (middle, readable)
    return readable


def _can_read(connection: sqlite3.Connection, after: int) -> bool:
    try:
        _rows_after(connection, after).fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:  # the time is up
            raise
        return False
    return True


def _whole(rows: Iterator[Vector], dimensions: int) -> Iterator[Vector]:
    """Leave out what no embedding gives: another length, numbers that are none, and a norm that is neither 1 nor 0."""
    import numpy as np

    for text_hash, vector in rows:
        if not (isinstance(text_hash, str) and isinstance(vector, bytes) and len(vector) == 4 * dimensions):
            continue
        norm = float(np.linalg.norm(np.frombuffer(vector, "<f4").astype(np.float64)))
        if min(abs(norm - 1.0), norm) < NORM_TOLERANCE:
            yield text_hash, vector
