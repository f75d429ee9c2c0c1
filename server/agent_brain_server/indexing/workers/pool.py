"""Worker processes for the work that holds Python's lock: reading, parsing, tokenizing, embedding.

No file is parsed in the server. A small job has one process, kept for the next job and ended when none comes; a large
job has one a processor, which end with it. A process ends when its server does, even when that was killed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from agent_brain_server.errors import WorkersError
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest, prepare_files
from agent_brain_server.indexing.workers.worker import Worker, WorkerCallError, WorkerDiedError

T = TypeVar("T")
A = TypeVar("A")

IDLE_SECONDS = 300.0
WATCH_SECONDS = 1.0
TOO_LONG = "parser gave up: it took too long"
CRASHED = "parser gave up: it crashed or needed too much memory"


def default_worker_count() -> int:
    """Return the number of processes: one a processor that this process may use, four at most."""
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class Workers:
    """Worker processes that prepare files; they run other functions there too between `start` and `stop`."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or default_worker_count()
        self._is_large = False
        self._slots = asyncio.Semaphore(1)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._threads: ThreadPoolExecutor | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Use `count` processes from now on; they are made when there is work for them."""
        if not self._is_large:
            self._is_large, self._slots = True, asyncio.Semaphore(self.count)

    def stop(self) -> None:
        """End what `start` allowed, without waiting for work that is not wanted any more: the job is over."""
        if self._is_large:
            self._is_large, self._slots = False, asyncio.Semaphore(1)
            self.close()

    def close(self) -> None:
        """End all processes."""
        self._end_idle()
        for worker in self._busy:
            worker.kill()
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    async def run(self, function: Callable[[A], T], argument: A) -> T:
        """Return `function(argument)`, called off the event loop, and once more if the process died.

        Raise WorkersError if it died again.
        """
        if not self._is_large:
            return await asyncio.to_thread(function, argument)
        try:
            return await self._run(function, argument)
        except WorkerDiedError:
            pass
        try:
            return await self._run(function, argument)
        except WorkerDiedError as error:
            raise WorkersError(
                f"A worker process crashed twice at the same file ({error}). See: agent-brain logs"
            ) from error

    async def prepare(self, requests: Sequence[ReadRequest]) -> list[PreparedFile]:
        """Return the prepared files, in order. One that its process does not outlive is cut by lines, else left out.

        Raise WorkersError where processes cannot be started at all.
        """
        prepared: list[PreparedFile] = []
        rest, retried = list(requests), -1
        while rest:
            try:
                async with self._worker() as worker:
                    await self._attend(worker, partial(_collect, worker, rest, prepared))
            except (WorkerDiedError, WorkerCallError) as error:
                number = len(prepared)
                was_killed = isinstance(error, WorkerDiedError) and error.was_killed
                if was_killed and retried != number:  # perhaps the file is not to blame
                    retried = number
                elif (request := requests[number]).gave_up:
                    prepared.append(_left_out(request))
                else:
                    requests = [*requests[:number], replace(request, gave_up=_reason(error)), *requests[number + 1 :]]
            rest = list(requests[len(prepared) :])
        return prepared

    async def _run(self, function: Callable[[A], T], argument: A) -> T:
        async with self._worker() as worker:
            return await self._attend(worker, lambda: worker.call(function, argument))

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Worker]:
        """Lend a process for one call; it is ended unless the call came to its end."""
        async with self._slots:
            worker = self._idle_worker() or await self._start_worker()
            self._busy.add(worker)
            try:
                yield worker
            except WorkerCallError:
                self._keep(worker)
                raise
            except BaseException:
                worker.kill()
                raise
            else:
                self._keep(worker)
            finally:
                self._busy.discard(worker)

    def _idle_worker(self) -> Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            worker.close()
        return None

    async def _start_worker(self) -> Worker:
        starting = asyncio.ensure_future(self._in_thread(Worker.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_close_started)
            raise

    def _keep(self, worker: Worker) -> None:
        self._idle.append(worker)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            self._idle.pop().close()

    async def _attend(self, worker: Worker, work: Callable[[], T]) -> T:
        """Return what `work` returns in a thread, where it waits for the process; end one that is stuck."""
        working = asyncio.ensure_future(self._in_thread(work))
        try:
            while not (await asyncio.wait([working], timeout=WATCH_SECONDS))[0]:
                worker.kill_if_stuck()
            return working.result()
        finally:
            working.cancel()

    def _in_thread(self, function: Callable[[], T]) -> asyncio.Future[T]:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="worker")
        return asyncio.get_running_loop().run_in_executor(self._threads, function)


def _collect(worker: Worker, requests: Sequence[ReadRequest], prepared: list[PreparedFile]) -> None:
    """Collect in order: when the process dies, the first request without a file is the one that it died of."""
    for file in worker.values(prepare_files, requests):
        prepared.append(file)  # noqa: PERF402  `extend` does not say what it keeps at an exception


def _reason(error: Exception) -> str:
    return TOO_LONG if isinstance(error, WorkerDiedError) and error.took_too_long else CRASHED


def _left_out(request: ReadRequest) -> PreparedFile:
    """Return a file of which not even lines could be cut. The index keeps only when not to try again."""
    entry = request.entry
    return PreparedFile(entry, "unparsable", entry.size, entry.mtime_ns, note=request.gave_up)


def _close_started(starting: asyncio.Future[Worker]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()
