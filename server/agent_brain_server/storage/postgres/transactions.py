"""Transactions in the database while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from agent_brain_server.errors import StorageError
from agent_brain_server.storage.postgres.connection import QUEUE_SECONDS, Database
from agent_brain_server.storage.postgres.session import Session

Result = TypeVar("Result")


class DatabaseTransactions:
    """Each method raises StorageError while the database is not open."""

    def __init__(self) -> None:
        self._database: Database | None = None

    @property
    def is_open(self) -> bool:
        return self._database is not None

    @property
    def opened(self) -> Database:
        """Return the database."""
        if self._database is None:
            raise StorageError("The index is not open.")
        return self._database

    def begin(self, database: Database) -> None:
        """Take what was opened."""
        self._database = database

    def end(self) -> None:
        """Begin nothing more."""
        self._database = None

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction that sees one state of the database."""
        return await self.opened.read(work)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a short transaction that leaves the index alone."""
        return await self.opened.write(work, QUEUE_SECONDS)
