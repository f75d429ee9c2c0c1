"""The queue of jobs in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent_brain_server.domain.jobs import FINISHED, JOBS_KEPT, Job, JobState, Progress
from agent_brain_server.storage.merging import merge


class MemoryJobs:
    """A `JobStore`."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    async def add(self, paths: Sequence[str], force: bool, now: float) -> Job:
        queued = [job for job in self._jobs.values() if job.state == "queued"]
        newest = {job.force: job for job in queued}
        if (merged := merge(newest.values(), paths, force)) is not None:
            found = replace(merged.job, paths=merged.paths, force=merged.force)
            self._jobs[found.id] = found
            return found
        job = Job(id=max(self._jobs, default=0) + 1, state="queued", paths=tuple(paths), force=force, created_at=now)
        self._jobs[job.id] = job
        return job

    async def claim(self, now: float) -> Job | None:
        queued = [job for job in self._jobs.values() if job.state == "queued"]
        if not queued:
            return None
        oldest = min(queued, key=lambda job: job.id)
        claimed = replace(oldest, state="running", started_at=now, attempt=oldest.attempt + 1)
        self._jobs[claimed.id] = claimed
        return claimed

    async def save_progress(self, job_id: int, progress: Progress, *, attempt: int | None = None) -> bool:
        job = self._jobs.get(job_id)
        if job is None or job.state != "running" or job.attempt != (attempt or job.attempt):
            return False
        self._jobs[job_id] = replace(job, progress=progress)
        return True

    async def finish(
        self, job_id: int, state: JobState, error: str, progress: Progress, now: float, *, attempt: int | None = None
    ) -> None:
        job = self._jobs.get(job_id)
        if job is not None and job.state not in FINISHED and (attempt is None or _runs(job, attempt)):
            self._jobs[job_id] = replace(job, state=state, error=error, progress=progress, finished_at=now)
        for old in sorted(self._jobs)[:-JOBS_KEPT]:
            if self._jobs[old].state in FINISHED:
                del self._jobs[old]

    async def requeue_running(self) -> int:
        running = [job for job in self._jobs.values() if job.state == "running"]
        for job in running:
            self._jobs[job.id] = replace(job, state="queued")
        return len(running)

    async def find(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    async def list_unfinished(self) -> list[Job]:
        return [self._jobs[job_id] for job_id in sorted(self._jobs) if self._jobs[job_id].state not in FINISHED]

    async def list_newest(self, before: int | None, limit: int) -> list[Job]:
        newest = sorted(
            (job for job in self._jobs.values() if before is None or job.id < before), key=lambda job: -job.id
        )
        return newest[: max(limit, 0)]


def _runs(job: Job, attempt: int) -> bool:
    return (job.state, job.attempt) == ("running", attempt)
