"""A server of a project, as far as its jobs go, on a store in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from agent_brain_server.embedding.disabled import DisabledEmbedder
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_service import IndexingService
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.settings.folder_consent import FolderConsent
from agent_brain_server.storage.protocol import Store


class JobProcess:
    """Its runner begins when it is entered, and stops when it is left."""

    def __init__(self, root: Path, store: Store) -> None:
        self.store = store
        folders = IndexedFolders(store.folders, root, WalkLimits(), FolderConsent(root, ()))
        self.workers = Workers(1)
        self.runner = JobRunner(JobContext(store, DisabledEmbedder(), self.workers, folders), Metrics())
        self.indexing = IndexingService(store, store.index, store.jobs, self.runner, folders)

    async def __aenter__(self) -> Self:
        self.runner.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.stop()
        self.workers.close()
