"""What jobs work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.storage.protocol import IndexStore, JobStore, WriteLease
from agent_brain_server.storage.view import ReadStore


class JobStores(ReadStore, Protocol):
    """The objects of a store that jobs use."""

    @property
    def index(self) -> IndexStore:
        """Return what writes chunks, vectors, code graph and manifest."""
        ...

    @property
    def jobs(self) -> JobStore:
        """Return the queue."""
        ...

    @property
    def lease(self) -> WriteLease:
        """Return the right to write the index."""
        ...


@dataclass(frozen=True, slots=True)
class JobContext:
    """The objects that every job of this process works with."""

    store: JobStores
    embedder: Embedder
    workers: Workers
    folders: IndexedFolders
