"""The one writer: takes jobs off the queue, one at a time, and lets others write only while no job runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from agent_brain_server.domain.jobs import Job, JobState, Progress
from agent_brain_server.errors import AgentBrainError
from agent_brain_server.services.index_run import IndexRun, JobInterruptedError, Surroundings
from agent_brain_server.services.metrics import Metrics

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class JobRunner:
    """`wake` after a job was queued; `current` is the running job with its live progress."""

    def __init__(self, around: Surroundings, metrics: Metrics) -> None:
        self._around = around
        self._metrics = metrics
        self._writing = asyncio.Lock()
        self._queued = asyncio.Event()
        self._pauses = 0
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._cancelled: set[int] = set()
        self._stopping = False
        self._unfinished = False  # whether there may be a job whose end could not be written
        self._task: asyncio.Task[None] | None = None
        self.current: Job | None = None

    async def start(self) -> None:
        """Put back what a dead server left running, and begin."""
        await self._around.store.requeue_running()
        self._queued.set()
        self._task = asyncio.create_task(self._work(), name="job-runner")

    async def stop(self) -> None:
        """End after the batch in hand; the job stays queued for the next start."""
        self._stopping = True
        if self._task is None:
            return
        self.wake()
        self._resumed.set()
        await self._task
        self._task = None
        try:
            await self._around.store.requeue_running()
        except AgentBrainError as error:
            log.error("the next start puts back the job that ran: %s", error)

    def wake(self) -> None:
        """There may be a job in the queue."""
        self._queued.set()

    def cancel(self, job_id: int) -> bool:
        """Let this job stop at its next batch, also if it is only about to run; whether it is the one that runs."""
        self._cancelled.add(job_id)
        return self.current is not None and self.current.id == job_id

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """No job writes inside; one that was running is put back in the queue and goes on afterwards."""
        self._pauses += 1
        self._resumed.clear()
        try:
            async with self._writing:
                yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._resumed.set()
            self.wake()

    async def _work(self) -> None:
        while not self._stopping:
            await self._queued.wait()
            self._queued.clear()
            try:
                await self._drain()
            except AgentBrainError as error:
                log.error("the queue cannot be read or written: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._unfinished = True
                self._queued.set()

    async def _drain(self) -> None:
        while not self._stopping:
            await self._resumed.wait()
            async with self._writing:
                if self._pauses or self._stopping:
                    continue
                if self._unfinished:
                    await self._around.store.requeue_running()
                    self._unfinished = False
                job = await self._around.store.claim_job(time.time())
                if job is None:
                    return
                await self._run(job)

    async def _run(self, job: Job) -> None:
        self.current = job
        try:
            state, error = await self._attempt(job)
            if state is None:
                await self._around.store.requeue_running()
                return
            progress = self.current.progress
            await self._around.store.finish_job(job.id, state, error, progress, time.time())
            self._metrics.add("jobs_finished_total")
            self._metrics.add("texts_embedded_total", progress.texts_embedded)
            log.info("job %d %s: %d files, %d chunks", job.id, state, progress.files_done, progress.chunks_done)
        finally:
            self.current = None
            self._cancelled.discard(job.id)

    async def _attempt(self, job: Job) -> tuple[JobState | None, str]:
        try:
            await IndexRun(self._around, job, self._report, lambda: self._interrupted(job.id)).run()
        except JobInterruptedError:
            return ("cancelled", "") if job.id in self._cancelled else (None, "")
        except AgentBrainError as error:
            return "failed", str(error)
        except Exception as error:
            log.exception("job %d failed", job.id)
            return "failed", f"{type(error).__name__}: {error} (the server's log has more)"
        return "done", ""

    def _interrupted(self, job_id: int) -> bool:
        return self._stopping or bool(self._pauses) or job_id in self._cancelled

    def _report(self, progress: Progress) -> None:
        if self.current is not None:
            self.current = replace(self.current, progress=progress)
