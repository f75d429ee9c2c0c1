"""The one writer: takes jobs off the queue, one at a time, and lets others write only while no job runs.

Other processes may work on the same queue: whoever holds the lease does. Then a job that the queue calls running, and
that does not run here, was left by a process that is dead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from agent_brain_server.domain.jobs import FINISHED, Job, JobState, Progress
from agent_brain_server.errors import (
    AgentBrainError,
    CodeGoneError,
    StorageLoginError,
    StorageLostError,
    WriterElsewhereError,
)
from agent_brain_server.runtime.memory import trim
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.index_run import IndexRun
from agent_brain_server.services.indexing.interruption import Interruption, JobInterruptedError
from agent_brain_server.services.indexing.lease import Lease
from agent_brain_server.services.indexing.waiters import JobWaiters
from agent_brain_server.services.metrics import Metrics

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
MOST_RETRY_SECONDS = 10.0
POLL_SECONDS = 2.0
PAUSE_SECONDS = 10.0
PAUSE_RETRY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The end of a job, until it is written."""

    job: Job
    state: JobState
    error: str = ""


class JobRunner:
    """The writer of one process: `wake` it after a job was queued.

    `current` is the job that runs here, with its live progress.
    """

    def __init__(self, context: JobContext, metrics: Metrics) -> None:
        self._context = context
        self._jobs = context.store.jobs
        self._shared = context.store.lease.shared
        self._metrics = metrics
        self._lease = Lease(context.store.lease)
        self._writing = asyncio.Lock()
        self._queued = asyncio.Event()
        self._pauses = 0
        self._resumed = asyncio.Event()
        self._resumed.set()
        self._cancelled: set[int] = set()
        self._stopping = False
        self._outcome: JobOutcome | None = None
        self._failures = 0  # in a row, with nothing written in between
        self._held_up = ""  # why the last try failed
        self._is_refused = False  # whether waiting alone does not help
        self._task: asyncio.Task[None] | None = None
        self._waiters = JobWaiters()
        self.current: Job | None = None

    def start(self) -> None:
        """Begin, with what a dead process left running."""
        self._task = asyncio.create_task(self._work(), name="job-runner")

    async def stop(self) -> None:
        """End after the batch in hand; the job stays queued for whoever works next."""
        self._stopping = True
        if self._task is None:
            return
        self.wake()
        self._resumed.set()
        await self._task
        self._task = None
        try:
            if self._lease.held or self._outcome is not None:
                await self._own_queue()
        except AgentBrainError as error:
            log.error("the running job could not be queued again, the next start does it: %s", error)
        await self._lease.release()

    def wake(self) -> None:
        """Look at the queue: there may be a job."""
        self._is_refused = False  # it is tried at once, and may succeed
        self._queued.set()

    async def wait_for(self, job_id: int, seconds: float) -> bool:
        """Wait for the end of a job that runs here; return whether it came within the time, or was there already."""
        return await self._waiters.wait(job_id, seconds)

    def cancel(self, job_id: int) -> bool:
        """Let this job stop at its next batch, also if it is about to run; return whether it is the one that runs."""
        self._cancelled.add(job_id)
        return self.current is not None and self.current.id == job_id

    def forget(self, job_id: int) -> None:
        """Forget a job that has ended, and not by `cancel`."""
        if self.current is None or self.current.id != job_id:
            self._cancelled.discard(job_id)

    def live(self, job: Job) -> Job:
        """Return the job with its progress if it runs here, and with what holds it up if it does not get on.

        It counts as failed while the store refuses what every job needs. Each is tried again now and then, so that it
        goes on once that is fixed.
        """
        if self.current is not None and self.current.id == job.id and job.state == "running":
            return self.current
        if not self._held_up or job.state in FINISHED:
            return job
        return replace(job, state="failed" if self._is_refused else job.state, error=self._held_up)

    @property
    def is_held_up(self) -> bool:
        """Return whether the last try to run what is queued failed."""
        return bool(self._held_up)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Let no job write inside; one that was running is put back in the queue and goes on afterwards.

        Raise WriterElsewhereError while another process writes.
        """
        self._pauses += 1
        self._resumed.clear()
        try:
            async with self._writing:
                try:
                    await self._await_queue()
                    yield
                finally:
                    await self._lease.release()
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._resumed.set()
            self.wake()

    async def _await_queue(self) -> None:
        deadline = time.monotonic() + PAUSE_SECONDS
        while not await self._own_queue():
            if time.monotonic() > deadline:
                raise WriterElsewhereError(
                    "Another worker is indexing this project; wait until it is done or cancel its job: agent-brain jobs"
                )
            await asyncio.sleep(PAUSE_RETRY_SECONDS)

    async def _work(self) -> None:
        """Run what is queued until the end: again when woken, and now and then where other processes may queue jobs."""
        while not self._stopping:
            patience = POLL_SECONDS if self._shared else None
            try:
                await self._drain()
                self._go_on()
            except Exception as error:
                patience = min(RETRY_SECONDS * 2**self._failures, MOST_RETRY_SECONDS)
                self._hold_up(error, patience)
            await self._await_wake(patience)

    def _hold_up(self, error: Exception, patience: float) -> None:
        self._held_up = str(error) if isinstance(error, AgentBrainError) else _defect(error)
        may_pass = isinstance(error, StorageLostError | CodeGoneError)
        self._is_refused = not may_pass or isinstance(error, StorageLoginError)
        self._failures = min(self._failures + 1, 10)
        defect = None if isinstance(error, AgentBrainError) else error
        log.error("indexing is paused, next try within %g s: %s", patience, error, exc_info=defect)

    def _go_on(self) -> None:
        self._failures, self._held_up, self._is_refused = 0, "", False

    async def _await_wake(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._queued.wait()
        except TimeoutError:
            return
        self._queued.clear()

    async def _drain(self) -> None:
        while not self._stopping:
            await self._resumed.wait()
            async with self._writing:
                if self._pauses or self._stopping:
                    continue
                try:
                    if not await self._run_next():
                        break
                except StorageLostError:
                    await self._lease.expire()
                    raise
                except BaseException:
                    await self._lease.release()
                    raise

    async def _run_next(self) -> bool:
        """Run the oldest queued job; return False if there is none, or if another process writes."""
        waiting = self._outcome is not None or await self._jobs.list_unfinished()
        job = await self._jobs.claim(time.time()) if waiting and await self._own_queue() else None
        if job is None:
            await self._lease.release()
            return False
        await self._run(job)
        return True

    async def _own_queue(self) -> bool:
        """Hold the lease, and queue again what was left running; return False while another process has the lease.

        Called under `_writing`, so that no job runs here.
        """
        if not await self._lease.acquire():
            return False
        await self._write_outcome()
        await self._jobs.requeue_running()
        return True

    async def _run(self, job: Job) -> None:
        self.current = replace(job, error=self._held_up)
        is_ended = False
        try:
            self._outcome = await self._attempt(job)
            is_ended = self._outcome is not None
            if self._lease.held:
                await self._write_outcome()
        finally:
            self.current = None
            self._cancelled.discard(job.id)
            if is_ended:
                self._waiters.wake(job.id)
            await asyncio.to_thread(trim)

    async def _write_outcome(self) -> None:
        """Keep how the last job ended. What cannot be written now is written before anything else is done."""
        if self._outcome is None:
            return
        job, state, progress = self._outcome.job, self._outcome.state, self._outcome.job.progress
        await self._jobs.finish(job.id, state, self._outcome.error, progress, time.time(), attempt=job.attempt)
        self._outcome = None
        self._metrics.add("jobs_finished_total")
        self._metrics.add("texts_embedded_total", progress.texts_embedded)
        log.info("job %d %s: %d files, %d chunks", job.id, state, progress.files_done, progress.chunks_done)

    async def _attempt(self, job: Job) -> JobOutcome | None:
        """Run the job; return None for one that goes back to the queue, or that another process has ended.

        Raise StorageLostError or CodeGoneError, after which the job goes back as well.
        """
        try:
            await IndexRun(self._context, job, self._report, lambda: self._interruption(job.id)).run()
        except (JobInterruptedError, StorageLostError, WriterElsewhereError, CodeGoneError) as error:
            if self._interruption(job.id) is Interruption.CANCELLED:  # which may have come since
                return JobOutcome(self.current or job, "cancelled")
            if isinstance(error, StorageLostError | CodeGoneError):
                raise
            log.info("job %d is interrupted: %s", job.id, error)
            return None
        except AgentBrainError as error:
            return JobOutcome(self.current or job, "failed", str(error))
        except Exception as error:
            log.exception("job %d failed", job.id)
            return JobOutcome(self.current or job, "failed", _defect(error))
        return JobOutcome(self.current or job, "done")

    def _interruption(self, job_id: int) -> Interruption | None:
        if job_id in self._cancelled:
            return Interruption.CANCELLED
        if self._stopping:
            return Interruption.STOPPING
        if self._pauses:
            return Interruption.PAUSED
        return None if self._lease.held else Interruption.LEASE_LOST

    def _report(self, progress: Progress) -> None:
        if progress.files_done:
            self._go_on()
        if self.current is not None:
            self.current = replace(self.current, progress=progress, error=self._held_up)


def _defect(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"the installation is damaged ({error}). Run: agent-brain doctor"
    return f"internal error ({type(error).__name__}: {error}), a bug in Agent Brain. Details: agent-brain logs"
