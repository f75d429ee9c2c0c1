"""The embedded backend: one SQLite file, and next to it a matrix of its vectors, which can be made again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.storage.sole_writer import SoleWriter
from agent_brain_server.storage.sqlite import full_text, jobs
from agent_brain_server.storage.sqlite.connection import Connections, create_file, require_file, require_files
from agent_brain_server.storage.sqlite.failures import refuse_foreign_file, translated
from agent_brain_server.storage.sqlite.matrix_header import cache_path, drop_stale_cache
from agent_brain_server.storage.sqlite.nearest import Nearest
from agent_brain_server.storage.sqlite.rebuilding import begin_again
from agent_brain_server.storage.sqlite.schema import check_sqlite, prepare_schema
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.sqlite.transactions import FileTransactions
from agent_brain_server.storage.sqlite.view import Shared, SqliteView
from agent_brain_server.storage.sqlite.writing import SqliteFolders, SqliteIndex
from agent_brain_server.storage.stored import StoredJobs
from agent_brain_server.storage.view import View

Result = TypeVar("Result")


class SqliteStore:
    """A `Store` in the file `path`. All blocking work is done in threads of its own, never on the event loop.

    With a `root`, a file of another program is refused outside the state directory of that project.
    """

    def __init__(
        self,
        path: Path,
        model: EmbeddingModel,
        tokenizer_version: str,
        *,
        discard: bool = False,
        root: Path | None = None,
    ) -> None:
        self._path = path
        self._root = root
        self._cache_path = cache_path(path)
        self._model = model
        self._tokenizer_version = tokenizer_version
        self._discard = discard
        self._frequencies = full_text.TermFrequencies()
        self._transactions = FileTransactions()
        self.index = SqliteIndex(self._transactions, model)
        self.jobs = StoredJobs(self._transactions, jobs)
        self.folders = SqliteFolders(self._transactions)
        self.lease = SoleWriter()  # a project's one server keeps all others off its file

    async def open(self) -> None:
        if self._transactions.is_open:
            return
        check_sqlite()
        with translated(self._path):
            require_files(self._path)
            require_file(self._cache_path)
            if self._root is not None:
                refuse_foreign_file(self._root, self._path)
            await self._begin_again()
            identity = create_file(self._path)
        connections = Connections(self._path, identity)
        try:
            nearest = await connections.write(self._prepare)
        except BaseException:
            connections.close()
            raise
        self._transactions.begin(connections, nearest)

    async def _begin_again(self) -> None:
        if self._discard:
            await asyncio.to_thread(begin_again, self._path, self._model, self._tokenizer_version)
            self._discard = False

    def _prepare(self, session: Session) -> Nearest:
        identity = prepare_schema(session, self._path, self._model, self._tokenizer_version)
        drop_stale_cache(self._cache_path, identity.instance, identity.generation)
        return Nearest(self._cache_path, self._model.dimensions, identity.instance)

    async def close(self) -> None:
        if self._transactions.is_open:
            opened = self._transactions.opened
            self._transactions.end()
            await asyncio.to_thread(_close, *opened)

    def describe(self) -> str:
        return f"sqlite {self._path}"

    async def database_health(self) -> DatabaseHealth | None:
        """Return None: there is no server."""
        return None

    async def read(self, work: Callable[[View], Result]) -> Result:
        _, nearest = self._transactions.opened
        shared = Shared(self._frequencies, nearest, self._measure)
        return await self._transactions.read(lambda session: work(SqliteView(session, shared)))

    def _measure(self) -> int:
        log = self._path.with_name(self._path.name + "-wal")
        return sum(_size(path) for path in (self._path, log, self._cache_path))


def _close(connections: Connections, nearest: Nearest) -> None:
    in_place = connections.is_in_place()
    connections.close()
    nearest.close(keep=in_place)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
