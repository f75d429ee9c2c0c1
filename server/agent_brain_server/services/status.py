"""What the server says of itself."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_brain_server.domain.content import EmbeddingModel, IndexStatistics
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import Job
from agent_brain_server.services.activity import Activity
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.services.indexing.watching import Watching
from agent_brain_server.storage.protocol import IndexLocation, JobStore
from agent_brain_server.storage.view import ReadStore


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers here: enough to distinguish this server from any other on its port.

    `project_id` follows from the project's place; `storage_id` keeps its rows apart in a shared database.
    """

    project_id: str
    storage_id: str
    version: str
    root: Path
    started_at: float
    pid: int = field(default_factory=os.getpid)


@dataclass(frozen=True, slots=True)
class Status:
    """A moment's picture. `job` is the one that runs, else one that cannot, else the last one if it failed."""

    identity: Identity
    storage: str
    model: EmbeddingModel
    statistics: IndexStatistics
    watcher: Watching
    job: Job | None
    jobs_queued: int
    uptime_seconds: float
    idle_stop_seconds: float | None


@dataclass(frozen=True, slots=True)
class StatusService:
    """Puts the picture together."""

    identity: Identity
    store: ReadStore
    place: IndexLocation
    jobs: JobStore
    model: EmbeddingModel
    runner: JobRunner
    watcher: Watching
    activity: Activity

    async def database_health(self) -> DatabaseHealth | None:
        """Ask how the database is; None where the index is in none."""
        return await self.place.database_health()

    async def status(self) -> Status:
        """Return the status of now."""
        unfinished = await self.jobs.list_unfinished()
        return Status(
            identity=self.identity,
            storage=self.place.describe(),
            model=self.model,
            statistics=await self.store.read(lambda view: view.search.statistics()),
            watcher=self.watcher,
            job=self.runner.current or await self._notable(unfinished),
            jobs_queued=sum(job.state == "queued" for job in unfinished),
            uptime_seconds=time.time() - self.identity.started_at,
            idle_stop_seconds=self.activity.seconds_left(),
        )

    async def _notable(self, unfinished: Sequence[Job]) -> Job | None:
        """Return a job that runs elsewhere, one that cannot run here, or the last one if it failed."""
        for job in unfinished:
            if job.state == "running" or self.runner.is_held_up:
                return self.runner.live(job)
        latest = next(iter(await self.jobs.list_newest(None, 1)), None)
        return latest if latest is not None and latest.state == "failed" else None
