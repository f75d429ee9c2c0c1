"""The index in PostgreSQL, read inside of a transaction that sees one state of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import CancelledError, Executor, Future
from typing import Any, TypeVar

from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexStatistics
from agent_brain_server.domain.graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.storage.postgres import graph, index, nearest, search
from agent_brain_server.storage.postgres.filters import PathCache
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.view import GraphView, SearchView, View

Result = TypeVar("Result")


class Loop:
    """Runs coroutines of the driver on the event loop for the thread of a view, which waits for each."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._running: Future[Any] | None = None
        self._closed = False

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what `work` returns; raise CancelledError once the loop was closed."""
        if self._closed:
            work.close()
            raise CancelledError
        running = self._running = asyncio.run_coroutine_threadsafe(work, self._loop)
        result: Result = running.result()
        return result

    def close(self) -> None:
        """Cancel what is running, and run nothing more; from the event loop."""
        self._closed = True
        if self._running is not None:
            self._running.cancel()


async def run_in_thread(
    threads: Executor, work: Callable[[View], Result], session: Session, paths: PathCache
) -> Result:
    """Run `work` in a thread, with a view of the transaction that `session` is in."""
    loop = Loop()
    done = asyncio.get_running_loop().run_in_executor(threads, work, PostgresView(session, paths, loop))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        loop.close()
        await asyncio.gather(done, return_exceptions=True)
        raise


class PostgresView:
    """A `View` of the transaction that `session` is in."""

    def __init__(self, session: Session, paths: PathCache, loop: Loop) -> None:
        self.search: SearchView = _Search(session, paths, loop)
        self.graph: GraphView = _Graph(session, loop)


class _Search:
    def __init__(self, session: Session, paths: PathCache, loop: Loop) -> None:
        self._session = session
        self._paths = paths
        self._run = loop.run

    def lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        return self._run(search.search_lexical(self._session, self._paths, terms, filters, limit))

    def vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        if not len(vector) or limit <= 0:
            return Hits()
        return self._run(nearest.search_vector(self._session, self._paths, vector, filters, limit))

    def both(self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int) -> tuple[Hits, Hits]:
        return self.lexical(terms, filters, limit), self.vector(vector, filters, limit)

    def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        found = self._run(self._session.rows("fetch_chunks", rows=list(map(int, rows))))
        return {row: Chunk._make(fields) for row, *fields in found}

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        found = self._run(self._session.first("find_chunk", chunk_id=chunk_id))
        return Chunk(*found[1:]) if found else None

    def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        found = self._run(self._session.rows("find_files", paths=list(paths)))
        return {row[0]: FileRecord(*row) for row in found}

    def list_files(self) -> dict[str, FileRecord]:
        return self._run(index.list_files(self._session))

    def statistics(self) -> IndexStatistics:
        """See `SearchView.statistics`; the bytes are those of all projects in the database."""
        return self._run(search.count_all(self._session))


class _Graph:
    def __init__(self, session: Session, loop: Loop) -> None:
        self._session = session
        self._run = loop.run

    def definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        return self._run(graph.find_definitions(self._session, names))

    def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        return self._run(graph.definitions_in(self._session, paths, symbols))

    def references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        return self._run(graph.find_references(self._session, names, limit))

    def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        return self._run(graph.references_in(self._session, paths, kinds, within))

    def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return self._run(graph.rows_at(self._session, places))
