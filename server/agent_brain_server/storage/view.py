"""Reading the index: what a read transaction offers to the plain functions that run in it.

A view is one state of the index, however long it is used and unchanged by writes meanwhile. Its methods block, so it
is used in the thread that `ReadStore.read` runs its function in, and not after that function has returned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeVar

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexStatistics
from agent_brain_server.domain.hits import Filters, Hits

Result = TypeVar("Result")


class SearchView(Protocol):
    """Chunks, and the files that they come from. `Hits.strategy` says how a search was executed."""

    def lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        """Return the best `limit` chunks that hold any of `terms`, by field-weighted BM25, best first, ties by row.

        `terms` come from `domain.terms.query_terms`; anything else in them is plain text, never an operator. A large
        index may leave out terms that are nearly everywhere (see `storage.lexical.selective_terms`).
        """
        ...

    def vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        """Return the nearest `limit` chunks by cosine to `vector` (shape [dimensions], unit length), ties by row.

        They are exact, but where a large index is searched through an approximate one. As many come as there are.
        """
        ...

    def both(self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int) -> tuple[Hits, Hits]:
        """Return what `lexical` and `vector` return, computed in parallel where that is faster."""
        ...

    def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        """Return the chunks of these rows; leave out a row that is unknown."""
        ...

    def find_chunk(self, chunk_id: str) -> Chunk | None:
        """Return the chunk of this public id, or None."""
        ...

    def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        """Return the manifest rows of these paths; leave out a path that is unknown."""
        ...

    def list_files(self) -> dict[str, FileRecord]:
        """Return the whole manifest by path."""
        ...

    def statistics(self) -> IndexStatistics:
        """Return counts over the whole index."""
        ...


class GraphView(Protocol):
    """The code graph, for any number of names, paths or places at once.

    A NUL or a lone surrogate in a text was replaced when it was stored.
    """

    def definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        """Return all whose last part is one of `names`, ignoring case; by path, start line, symbol."""
        ...

    def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        """Return all of these files, in the same order; of these `symbols` if any are given."""
        ...

    def references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        """Return the first `limit` whose name is one of `names`, case included; by path, line, name, qualifier."""
        ...

    def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        """Return all of these files, in the same order; of these `kinds`, and in these scopes or deeper, if given."""
        ...

    def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the row of the chunk that holds this line of this file, of several the one with the fewest lines.

        Leave out a place that is in no chunk.
        """
        ...


class View(Protocol):
    """One read transaction. Any method may raise StorageError."""

    @property
    def search(self) -> SearchView:
        """Return the chunks and files of this state."""
        ...

    @property
    def graph(self) -> GraphView:
        """Return the code graph of this state."""
        ...


class ReadStore(Protocol):
    """Reading the index of a project."""

    async def read(self, work: Callable[[View], Result]) -> Result:
        """Run `work` in a thread, in one read transaction, and return what it returns; raise what it raises.

        `work` may be run again from its beginning where the connection to a database was lost: it must leave no trace.
        Once the caller is cancelled, what `work` still asks of the view may raise.
        """
        ...
