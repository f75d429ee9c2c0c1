"""The reference: plain dicts and obvious loops, to test against and to try things out. Nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.storage.memory.index import MemoryFolders, MemoryIndex
from agent_brain_server.storage.memory.jobs import MemoryJobs
from agent_brain_server.storage.memory.view import MemoryView
from agent_brain_server.storage.sole_writer import SoleWriter
from agent_brain_server.storage.view import View

Result = TypeVar("Result")


class MemoryStore:
    """A `Store` in the memory of the process. No method waits, so each is one transaction by itself."""

    def __init__(self, model: EmbeddingModel, tokenizer_version: str) -> None:
        self.index = MemoryIndex(model)
        self.folders = MemoryFolders(self.index)
        self.jobs = MemoryJobs()
        self.lease = SoleWriter()

    async def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def describe(self) -> str:
        return "memory (nothing is kept)"

    async def database_health(self) -> DatabaseHealth | None:
        return None

    async def read(self, work: Callable[[View], Result]) -> Result:
        return await asyncio.to_thread(work, MemoryView(self.index.content))
