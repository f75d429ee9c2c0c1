"""Worker processes for the work that holds Python's lock: reading, parsing, tokenizing, embedding.

They start with the first large batch of a job and end with the job, so an idle server keeps neither their memory nor
the grammars that they load. A worker ends when its server does, even when that was killed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from agent_brain_server.indexing.prepare import PreparedFile, ReadRequest, prepare_files

T = TypeVar("T")
A = TypeVar("A")


def default_worker_count() -> int:
    """One process a processor that this process may use, four at most."""
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class Workers:
    """Runs plain functions in worker processes, or in a thread while `start` was not called."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or default_worker_count()
        self._pool: ProcessPoolExecutor | None = None

    def start(self) -> None:
        """From now on use processes; they are made when the first work comes."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, mp_context=context, initializer=_end_with_server)

    def stop(self) -> None:
        """End the processes, without waiting for work that nobody wants any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def run(self, function: Callable[[A], T], argument: A) -> T:
        """`function(argument)` elsewhere than on the event loop. Raises BrokenProcessPool if it killed its process."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, function, argument)

    async def prepare(self, requests: Sequence[ReadRequest]) -> list[PreparedFile]:
        """The prepared files, in order. A file whose parser kills the process is reported as unreadable."""
        pool = self._pool
        try:
            return await self.run(prepare_files, requests)
        except BrokenProcessPool:
            self._replace(pool)
        return [await self._prepare_alone(request) for request in requests]

    async def _prepare_alone(self, request: ReadRequest) -> PreparedFile:
        alone = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_server)
        try:
            loop = asyncio.get_running_loop()
            return (await loop.run_in_executor(alone, prepare_files, [request]))[0]
        except BrokenProcessPool:
            return PreparedFile(request.entry, "unreadable", note="the parser crashed on it")
        finally:
            alone.shutdown(wait=False, cancel_futures=True)

    def _replace(self, broken: ProcessPoolExecutor | None) -> None:
        if self._pool is broken:
            self.stop()
            self.start()


def _end_with_server() -> None:
    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, name="end-with-server", daemon=True).start()
