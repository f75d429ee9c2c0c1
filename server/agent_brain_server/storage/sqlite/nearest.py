"""Searching by vector: the matrix of an open index, which follows every change as it is committed."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.search import Filters, Hit, Hits
from agent_brain_server.storage.sqlite import search
from agent_brain_server.storage.sqlite.index import Change
from agent_brain_server.storage.sqlite.session import Row, Session

if TYPE_CHECKING:
    from agent_brain_server.storage.sqlite.vectors import VectorMatrix

log = logging.getLogger(__name__)

VECTOR_PATH = "exact"


class Nearest:
    """The vectors of the index `instance`, beside it in `path`. The first search that needs it makes the matrix."""

    def __init__(self, path: Path, dimensions: int, instance: str) -> None:
        self._path = path
        self._dimensions = dimensions
        self._instance = instance
        # Held from a commit until the matrix has followed it, and while a search takes its view of both.
        self._lock = Lock()
        self._matrix: VectorMatrix | None = None

    @property
    def size(self) -> int:
        """How many vectors the matrix holds, 0 before the first search."""
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
        """See `SearchStore.search_vector`."""
        try:
            with self._lock:
                session.begin()
                nearest = self._nearest(session)
            seen = search.look_first(session, filters, limit, lambda most: nearest(vector, most, None))
            if seen is None:
                seen = nearest(vector, limit, search.allowed_rows(session, filters) if filters else None)
            if not seen and not filters:
                search.require_terms(session)
        finally:
            session.roll_back()
        return Hits(seen, VECTOR_PATH)

    def _nearest(self, session: Session) -> Callable[[FloatArray, int, Sequence[Row] | None], list[Hit]]:
        """What finds the nearest as of the transaction: the matrix, or where it cannot be kept, the database."""
        # numpy takes longer to import than the rest of the server needs to start: hence only here.
        from agent_brain_server.storage.sqlite.vectors import VectorMatrix, nearest_in_database

        (generation,) = session.one("find_generation")
        try:
            if self._matrix is not None and not self._matrix.is_sound:
                log.warning("%s was changed by another program and is made again", self._path)
                self._drop()
            if self._matrix is None:
                self._matrix = VectorMatrix(self._path, self._dimensions, self._instance)
            return self._matrix.view(session, generation).nearest
        except OSError as error:
            self._drop()
            log.warning("%s cannot be kept (%s); vectors are read from the database", self._path, error.strerror)
            return partial(nearest_in_database, session)
        except sqlite3.Error:
            self._drop()
            raise

    def _drop(self) -> None:
        matrix, self._matrix = self._matrix, None
        if matrix is not None:
            matrix.discard()

    def close(self, *, keep: bool) -> None:
        """Keep the matrix for the next start, after the database was closed; without `keep`, leave the file unused."""
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
