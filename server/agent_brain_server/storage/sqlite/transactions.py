"""Transactions in an index file while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agent_brain_server.errors import StorageError
from agent_brain_server.storage.sqlite.connection import Connections
from agent_brain_server.storage.sqlite.index import Change
from agent_brain_server.storage.sqlite.nearest import Nearest
from agent_brain_server.storage.sqlite.session import Session

Result = TypeVar("Result")


class FileTransactions:
    """Each method raises StorageError while the file is not open."""

    def __init__(self) -> None:
        self._opened: tuple[Connections, Nearest] | None = None

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def opened(self) -> tuple[Connections, Nearest]:
        """Return the connections to the file, and the matrix of its vectors."""
        if self._opened is None:
            raise StorageError("The index is not open.")
        return self._opened

    def begin(self, connections: Connections, nearest: Nearest) -> None:
        """Take what was opened."""
        self._opened = connections, nearest

    def end(self) -> None:
        """Begin nothing more."""
        self._opened = None

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction that sees one state of the file."""
        connections, _ = self.opened
        return await connections.read(work)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction that leaves the chunks alone."""
        connections, _ = self.opened

        def call(session: Session) -> Result:
            with session.transaction(write=True):
                return work(session)

        return await connections.write(call)

    async def change(self, work: Callable[[Session], Change]) -> int:
        """Run `work` in a transaction, let the matrix follow what it did to the chunks, and return the count."""
        connections, nearest = self.opened

        def call(session: Session) -> int:
            change = nearest.commit(session, work)
            connections.keep_log_short(session)
            return change.count

        return await connections.write(call)
