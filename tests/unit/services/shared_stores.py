"""One index in memory as several processes see it: a lease that one of them holds, and faults made to order."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

from agent_brain_server.errors import StorageLostError, WriterElsewhereError
from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.protocol import Store

WRITES = {"upsert_chunks", "refresh_files", "remove_files", "drop_unused_vectors", "reset", "remove_folder"}


class Desk:
    """What the processes share: the index and who may write it."""

    def __init__(self, memory: MemoryStore, lease_seconds: float) -> None:
        self.memory = memory
        self.lease_seconds = lease_seconds
        self.writer: object = None
        self.until = 0.0

    def is_free_for(self, process: object) -> bool:
        return self.writer in (None, process) or time.monotonic() > self.until

    def take(self, process: object) -> None:
        self.writer, self.until = process, time.monotonic() + self.lease_seconds


class SeenByOne:
    """The store of one process. `lost` names the methods that fail as if the database were gone, `gates` those that
    wait, before they do anything, for their event; `calls` counts."""

    shared = True

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lost: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.waiting: set[str] = set()
        self.calls: Counter[str] = Counter()

    async def acquire_writing(self) -> bool:
        await self._enter("acquire_writing")
        if not self.desk.is_free_for(self):
            return False
        self.desk.take(self)
        return True

    async def renew_writing(self) -> bool:
        await self._enter("renew_writing")
        if self.desk.writer is not self:
            return False
        self.desk.take(self)
        return True

    async def release_writing(self) -> None:
        await self._enter("release_writing")
        if self.desk.writer is self:
            self.desk.writer = None

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self.desk.memory, name)

        async def call(*arguments: object, **named: object) -> Any:
            await self._enter(name)
            if name in WRITES and not self.desk.is_free_for(self):
                raise WriterElsewhereError("another worker writes")
            return await method(*arguments, **named)

        return call

    async def _enter(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.gates:
            self.waiting.add(name)
            await self.gates[name].wait()
        if name in self.lost or "*" in self.lost:
            raise StorageLostError("the database does not answer")

    @property
    def store(self) -> Store:
        """This, for who asks for a store."""
        return cast(Store, self)
