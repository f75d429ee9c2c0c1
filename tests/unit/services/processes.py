"""Processes that share a project's queue of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from agent_brain_server.domain.jobs import Job
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
from unit.services.shared_stores import Desk, SeenByOne

LEASE_SECONDS = 1.0
FILES = 30


class Process:
    """A server or worker of the project, as far as its jobs go."""

    def __init__(self, root: Path, store: Store) -> None:
        self.store = store
        limits = WalkLimits(max_file_bytes=10_000)
        folders = IndexedFolders(store.folders, root, limits, FolderConsent(root, ()))
        self.runner = JobRunner(JobContext(store, DisabledEmbedder(), Workers(1), folders), Metrics())
        self.indexing = IndexingService(store, store.index, store.jobs, self.runner, folders)

    async def die(self) -> None:
        """As kill -9 does it: nothing is tidied up."""
        for task in asyncio.all_tasks():
            if task.get_name() == "job-runner" and task is self.runner._task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self.runner._task = None


Start = Callable[[Store], Process]


async def until(holds: Callable[[], object]) -> None:
    """Wait for what must come true."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


async def ended(desk: Desk, job: Job) -> Job:
    """Return the job once it has ended."""
    async with asyncio.timeout(60):
        while (found := await desk.memory.jobs.find(job.id)) is None or found.finished_at is None:
            await asyncio.sleep(0.005)
    return found


async def queue(desk: Desk, *paths: str, force: bool = False) -> Job:
    """Queue a job that no process knows of."""
    return await desk.memory.jobs.add(paths, force, 1.0)


def held_up(desk: Desk, method: str = "upsert_chunks") -> SeenByOne:
    """Return a process's store that waits before it does `method`."""
    seen = SeenByOne(desk)
    seen.gates[method] = asyncio.Event()
    return seen
