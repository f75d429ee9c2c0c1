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

WRITES = {"upsert_chunks", "refresh_files", "remove_files", "drop_unused_vectors", "reset", "remove"}


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

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lost: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.waiting: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.lease = LeaseOfOne(self)
        self.index, self.jobs, self.folders = (Part(self, name) for name in ("index", "jobs", "folders"))

    async def read(self, work: Callable[..., Any]) -> Any:
        await self.enter("read")
        return await self.desk.memory.read(work)

    async def enter(self, name: str) -> None:
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


class LeaseOfOne:
    """As one process holds it."""

    shared = True

    def __init__(self, seen: SeenByOne) -> None:
        self._seen = seen
        self._desk = seen.desk

    async def acquire(self) -> bool:
        await self._seen.enter("acquire")
        if not self._desk.is_free_for(self._seen):
            return False
        self._desk.take(self._seen)
        return True

    async def renew(self) -> bool:
        await self._seen.enter("renew")
        if self._desk.writer is not self._seen:
            return False
        self._desk.take(self._seen)
        return True

    async def release(self) -> None:
        await self._seen.enter("release")
        if self._desk.writer is self._seen:
            self._desk.writer = None


class Part:
    """The object `name` of the store in memory, as one process sees it."""

    def __init__(self, seen: SeenByOne, name: str) -> None:
        self._seen = seen
        self._part = getattr(seen.desk.memory, name)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._part, name)

        async def call(*arguments: object, **named: object) -> Any:
            await self._seen.enter(name)
            if name in WRITES and not self._seen.desk.is_free_for(self._seen):
                raise WriterElsewhereError("another worker writes")
            return await method(*arguments, **named)

        return call
