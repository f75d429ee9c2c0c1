"""The vectors of all chunks as one memory-mapped matrix, so that a search is one product. A cache of the database.

One record a chunk: its row (int64) and its vector (float32). Records are only ever appended, in the order of rows,
and a row is never used twice, so that what was right once stays right. The header says how many there are, and with
the checksums behind them whether they are as they were; it is written when the store closes, after the database is
safe, and wiped when the cache is loaded, so that the file belongs to one process and a kill at any point costs time
only. What was added since, and which rows are still alive, is asked of the database.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Hit
from agent_brain_server.storage.sqlite.matrix_header import SIZE, Checksums, MatrixHeader, checked, read_header
from agent_brain_server.storage.sqlite.session import Row, Session, UnsoundError

log = logging.getLogger(__name__)

ROW_COLUMNS = 2  # an int64 takes the place of two float32
BATCH = 4_096
SMALLEST_CAPACITY = 4_096
DEAD_SHARE = 0.3
GATHER_SHARE = 0.125
ROUNDING = 1e-5  # more than float32 products of unit vectors differ by

RowArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """The matrix after `generation` changes. It never changes: searches use it while the next one is made."""

    generation: int
    records: FloatArray
    rows: RowArray
    alive: Mask

    def nearest(self, wanted: FloatArray, limit: int, allowed: Sequence[Row] | None) -> list[Hit]:
        """Return the best `limit` of the allowed rows (None: of all) by dot product, best first, ties by row."""
        positions = np.flatnonzero(self.alive) if allowed is None else self._positions(allowed)
        if not len(positions) or limit <= 0:
            return []
        scores = self._scores(wanted, positions)
        if len(positions) > limit:
            cut = len(positions) - limit
            keep = scores >= np.partition(scores, cut)[cut] - ROUNDING
            positions = positions[keep]
        return self._rank(wanted, positions)[:limit]

    def _positions(self, allowed: Sequence[Row]) -> RowArray:
        wanted = np.fromiter((row for (row,) in allowed), np.int64, len(allowed))
        found = find_positions(self.rows, np.sort(wanted))
        return found[self.alive[found]]

    def _scores(self, wanted: FloatArray, positions: RowArray) -> FloatArray:
        # A product by rows: numpy's matrix product shares it among threads, which costs 8 ms on two busy cores.
        if len(positions) < GATHER_SHARE * len(self.rows):
            parts = [positions[at : at + BATCH] for at in range(0, len(positions), BATCH)]
            return np.concatenate([np.vecdot(self.records[part, ROW_COLUMNS:], wanted) for part in parts])
        scores: FloatArray = np.vecdot(self.records[: len(self.rows), ROW_COLUMNS:], wanted)
        return scores if len(positions) == len(self.rows) else scores[positions]

    def _rank(self, wanted: FloatArray, positions: RowArray) -> list[Hit]:
        """Rank in double precision, so that equal vectors have equal scores however the first ones were computed."""
        precise = wanted.astype(np.float64)
        parts = [positions[at : at + BATCH] for at in range(0, len(positions), BATCH)]
        products = [np.vecdot(self.records[part, ROW_COLUMNS:].astype(np.float64), precise) for part in parts]
        scores, rows = np.concatenate(products), self.rows[positions]
        order = np.lexsort((rows, -scores))
        return list(map(Hit, rows[order].tolist(), scores[order].tolist()))


def find_positions(rows: RowArray, wanted: RowArray) -> RowArray:
    """Return the positions of the `wanted` rows in the ascending `rows`; leave out those that are not there."""
    found = np.searchsorted(rows, wanted)
    inside = found < len(rows)
    found, wanted = found[inside], wanted[inside]
    positions: RowArray = found[rows[found] == wanted]
    return positions


def _rows_of(records: FloatArray) -> RowArray:
    rows: RowArray = np.ascontiguousarray(records[:, :ROW_COLUMNS]).view(np.int64)[:, 0]
    return rows


def record_batches(session: Session, dimensions: int, last: int) -> Iterator[FloatArray]:
    """Yield the records of the chunks after the row `last`, in batches; raise UnsoundError for a missing vector."""
    cursor = session.run("select_vectors_after", last=last)
    while found := cursor.fetchmany(BATCH):
        batch = np.empty((len(found), ROW_COLUMNS + dimensions), np.float32)
        batch[:, :ROW_COLUMNS] = np.array([row for row, _ in found], np.int64).view(np.float32).reshape(-1, 2)
        if {len(vector) for _, vector in found} != {4 * dimensions}:
            raise UnsoundError("a vector of another length")
        batch[:, ROW_COLUMNS:] = np.frombuffer(b"".join([vector for _, vector in found]), "<f4").reshape(
            len(found), dimensions
        )
        yield batch


def nearest_in_database(session: Session, wanted: FloatArray, limit: int, allowed: Sequence[Row] | None) -> list[Hit]:
    """Return what `MatrixView.nearest` does, from the database itself: slower, and without a file."""
    best: list[Hit] = []
    for batch in record_batches(session, len(wanted), 0):
        view = MatrixView(0, batch, _rows_of(batch), np.ones(len(batch), np.bool_))
        best = sorted([*best, *view.nearest(wanted, limit, allowed)], key=lambda hit: (-hit.score, hit.row))[:limit]
    return best


class VectorMatrix:
    """The file and its newest view. Its methods are called under one lock; views are used without."""

    def __init__(self, path: Path, dimensions: int, instance: str) -> None:
        self._path = path
        self._dimensions = dimensions
        self._instance = instance
        self._record_bytes = 4 * (ROW_COLUMNS + dimensions)
        self._sums = Checksums()
        self._file, trusted = self._claim()
        records = self._map(trusted)
        rows = _rows_of(records[:trusted])
        self._view = MatrixView(0, records, rows, np.ones(trusted, np.bool_))
        self._previous: MatrixView | None = None  # for transactions that began before the last change
        self._stamp = self._changed()

    @property
    def is_sound(self) -> bool:
        """Return whether no other process has written or cut the file: a read past its end would be fatal."""
        return self._stamp == self._changed()

    def _changed(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_mtime_ns, status.st_size

    @property
    def size(self) -> int:
        """Return how many records there are, those of removed chunks included."""
        return len(self._view.rows)

    def view(self, session: Session, generation: int) -> MatrixView | None:
        """Return the matrix as of the transaction that `session` is in, which has seen `generation` changes.

        None where the matrix is more than one change ahead of it.
        """
        if self._previous is not None and self._previous.generation == generation:
            return self._previous
        if generation < self._view.generation:
            return None
        if self._view.generation != generation:
            self._load(session, generation)
        return self._view

    def follow(self, session: Session, removed: Sequence[int] | None, generation: int) -> None:
        """Take over a change that was just committed; `removed` None: every row that was there."""
        view = self._view
        if generation == view.generation:
            return
        if generation != view.generation + 1:
            self._load(session, generation)
            return
        alive = np.zeros_like(view.alive) if removed is None else view.alive.copy()
        if removed:
            alive[find_positions(view.rows, np.array(removed, np.int64))] = False
        self._extend(session, generation, view.rows, alive)

    def save(self) -> None:
        """Write the header, after the database was closed: from now on these records can be trusted."""
        count = len(self._view.rows)
        self._file.truncate(self._offset(count))
        self._write(self._offset(count), self._sums.encode())
        os.fsync(self._file.fileno())
        header = MatrixHeader(self._dimensions, count, self._view.generation, self._instance, self._sums.total)
        self._write(0, header.encode())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; one that was not saved is not trusted by the next start."""
        with suppress(OSError):
            self._file.close()

    def discard(self) -> None:
        """Remove the file; views of it stay usable."""
        self.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _offset(self, record: int) -> int:
        return SIZE + record * self._record_bytes

    def _claim(self) -> tuple[BinaryIO, int]:
        """Return the file, and how many of its records can be trusted; an empty new file if none can."""
        header = read_header(self._path)
        if header is not None and (header.dimensions, header.instance) == (self._dimensions, self._instance):
            file = self._path.open("r+b")
            sums = checked(file, header, header.count * self._record_bytes)
            if sums is not None:
                self._sums = sums
                file.seek(0)
                file.write(b"\0" * SIZE)
                file.flush()
                return file, header.count
            log.warning("%s is damaged and is made again", self._path)
            file.close()
        return self._new_file(), 0

    def _new_file(self) -> BinaryIO:
        self._path.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self._path, flags, 0o600), "r+b")

    def _append(self, offset: int, records: bytes) -> None:
        self._write(offset, records)
        self._sums.add(records)

    def _write(self, offset: int, data: bytes) -> None:
        # Written, not stored through the map: on a full disk that would end the process instead of raising.
        self._file.seek(offset)
        self._file.write(data)
        self._file.flush()

    def _map(self, count: int) -> FloatArray:
        """Map the file from its first record on, with room for more than `count`: few appends need a new mapping."""
        capacity = max(SMALLEST_CAPACITY, count + count // 4)
        if self._file.seek(0, os.SEEK_END) < self._offset(capacity):
            self._file.truncate(self._offset(capacity))
        return np.asarray(np.memmap(self._file, np.float32, "r", SIZE, (capacity, ROW_COLUMNS + self._dimensions)))

    def _load(self, session: Session, generation: int) -> None:
        """Update the matrix from the database."""
        rows = self._view.rows
        last = int(rows[-1]) if len(rows) else 0
        live = np.fromiter((row for (row,) in session.run("select_rows", last=last)), np.int64)
        self._extend(session, generation, rows, np.isin(rows, live, assume_unique=True))

    def _extend(self, session: Session, generation: int, rows: RowArray, alive: Mask) -> None:
        """Append the records of the chunks that came after the last of `rows`, and publish a view of all."""
        previous = self._view
        dead = len(rows) - int(alive.sum())
        if dead > DEAD_SHARE * max(len(rows), SMALLEST_CAPACITY):
            rows, alive = self._compact(rows, alive)
        added = self._append_after(session, rows)
        rows = np.concatenate([rows, added])
        alive = np.concatenate([alive, np.ones(len(added), np.bool_)])
        records = self._view.records
        if len(rows) > len(records):
            records = self._map(len(rows))
        self._previous = previous if previous.generation else None
        self._view = MatrixView(generation, records, rows, alive)
        self._stamp = self._changed()

    def _append_after(self, session: Session, rows: RowArray) -> RowArray:
        """Write the records of the chunks that came after the last of `rows` behind theirs; return their rows."""
        count, last = (len(rows), int(rows[-1])) if len(rows) else (0, 0)
        added = [np.empty(0, np.int64)]
        for batch in record_batches(session, self._dimensions, last):
            self._append(self._offset(count), batch.tobytes())
            added.append(_rows_of(batch))
            count += len(batch)
        return np.concatenate(added)

    def _compact(self, rows: RowArray, alive: Mask) -> tuple[RowArray, Mask]:
        """Write the living records into a new file; the old one lives on in the views that map it."""
        records = self._view.records
        positions = np.flatnonzero(alive)
        self._file.close()
        self._file = self._new_file()
        self._sums = Checksums()
        for at in range(0, len(positions), BATCH):
            self._append(self._offset(at), records[positions[at : at + BATCH]].tobytes())
        kept, all_alive = rows[positions], np.ones(len(positions), np.bool_)
        self._view = MatrixView(0, self._map(len(kept)), kept, all_alive)
        return kept, all_alive
