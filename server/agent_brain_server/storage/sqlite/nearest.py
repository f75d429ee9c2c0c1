"""Searching by vector: the matrix of an open index, which follows every change as it is committed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Filters, Hit, Hits
from agent_brain_server.storage.sqlite import full_text
from agent_brain_server.storage.sqlite.index import Change
from agent_brain_server.storage.sqlite.session import Row, Session

if TYPE_CHECKING:
    from agent_brain_server.storage.sqlite.vectors import MatrixView, VectorMatrix

log = logging.getLogger(__name__)

VECTOR_STRATEGY = "exact"
LARGE = 5_000
"""Vectors: with fewer, to hand their product to another thread takes longer than to compute it."""
PRODUCTS = 3
"""Threads: as many as there are readers."""


class Ranking:
    """The vectors of a matrix, or of the database that a session reads, by how near they are to `vector`."""

    def __init__(self, source: MatrixView | Session, vector: FloatArray) -> None:
        self._source = source
        self._vector = vector
        self._ahead: tuple[int, Future[list[Hit]]] | None = None

    def begin(self, threads: ThreadPoolExecutor, limit: int) -> None:
        """Start to compute the best `limit` of all in another thread; the source is a matrix."""
        with suppress(RuntimeError):  # the index is being closed: its readers end what they have begun
            self._ahead = limit, threads.submit(self._compute, limit, None)

    def best(self, limit: int, allowed: Sequence[Row] | None = None) -> list[Hit]:
        """Return the best `limit` of the allowed rows (None: of all)."""
        if allowed is None and self._ahead is not None and self._ahead[0] == limit:
            future = self._ahead[1]
            if not future.cancel():
                return future.result()
        return self._compute(limit, allowed)

    def _compute(self, limit: int, allowed: Sequence[Row] | None) -> list[Hit]:
        from agent_brain_server.storage.sqlite.vectors import nearest_in_database

        if isinstance(self._source, Session):
            return nearest_in_database(self._source, self._vector, limit, allowed)
        return self._source.nearest(self._vector, limit, allowed)


class Nearest:
    """The vectors of the index `instance`, in the file `path`. The first search that needs it makes the matrix."""

    def __init__(self, path: Path, dimensions: int, instance: str) -> None:
        self._path = path
        self._dimensions = dimensions
        self._instance = instance
        # Held from a commit until the matrix has followed it, and while a search takes its view of it.
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(PRODUCTS, "index-vectors")
        self._matrix: VectorMatrix | None = None

    @property
    def size(self) -> int:
        """Return how many vectors the matrix holds, 0 before the first search."""
        matrix = self._matrix
        return matrix.size if matrix else 0

    def commit(self, session: Session, work: Callable[[Session], Change]) -> Change:
        """Run `work` in a transaction, and let the matrix follow what it did to the chunks."""
        session.begin(write=True)
        try:
            change = work(session)
            with self._lock:
                session.commit()
                self._follow(session, change)
        except BaseException:
            session.roll_back()
            raise
        return change

    def _follow(self, session: Session, change: Change) -> None:
        if self._matrix is None:
            return
        try:
            self._matrix.follow(session, change.removed, session.one("find_generation")[0])
        except (OSError, sqlite3.Error):
            # The change is committed and stays; the matrix is made again by the next search that needs it.
            self._drop()

    def search(self, session: Session, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        """Search in the transaction that `session` is in."""
        return self.begin(session, vector, filters, limit, ahead=False)()

    def begin(
        self, session: Session, vector: FloatArray, filters: Filters, limit: int, *, ahead: bool = True
    ) -> Callable[[], Hits]:
        """Return what ends a search that has begun; the first product is computed in another thread meanwhile.

        With `ahead` false, or where the product takes less time than to hand it over, all is left to what is returned.
        """
        if not self._dimensions:
            return Hits
        nearest = self._as_of(session)
        ranking = Ranking(session if nearest is None else nearest, vector)
        if ahead and nearest is not None and self.size >= LARGE:
            if not filters:
                ranking.begin(self._threads, limit)
            elif full_text.looks_first(filters, limit):
                ranking.begin(self._threads, full_text.FIRST_LOOK)
        return lambda: self._end(session, ranking, filters, limit)

    def _end(self, session: Session, ranking: Ranking, filters: Filters, limit: int) -> Hits:
        seen = full_text.look_first(session, filters, limit, ranking.best)
        if seen is None:
            seen = ranking.best(limit, full_text.allowed_rows(session, filters) if filters else None)
        if not seen and not filters:
            full_text.require_terms(session)
        return Hits(seen, VECTOR_STRATEGY)

    def _as_of(self, session: Session) -> MatrixView | None:
        """Return the matrix as of the transaction; None where it cannot be kept, or is ahead of it."""
        # numpy takes longer to import than the rest of the server needs to start: hence only here.
        from agent_brain_server.storage.sqlite.vectors import VectorMatrix

        (generation,) = session.one("find_generation")
        with self._lock:
            try:
                if self._matrix is not None and not self._matrix.is_sound:
                    log.warning("%s was changed by another program and is made again", self._path)
                    self._drop()
                if self._matrix is None:
                    self._matrix = VectorMatrix(self._path, self._dimensions, self._instance)
                return self._matrix.view(session, generation)
            except OSError as error:
                self._drop()
                log.warning("%s cannot be kept (%s); vectors are read from the database", self._path, error.strerror)
                return None
            except sqlite3.Error:
                self._drop()
                raise

    def _drop(self) -> None:
        matrix, self._matrix = self._matrix, None
        if matrix is not None:
            matrix.discard()

    def close(self, *, keep: bool) -> None:
        """Keep the matrix for the next start, after the database was closed; without `keep`, leave the file unused."""
        self._threads.shutdown()
        matrix, self._matrix = self._matrix, None
        if matrix is None:
            return
        try:
            if keep and matrix.is_sound:
                matrix.save()
        except OSError:
            matrix.discard()
        finally:
            matrix.close()
