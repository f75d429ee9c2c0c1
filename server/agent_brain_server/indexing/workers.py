"""Worker processes for the work that holds Python's lock: reading, parsing, tokenizing, embedding.

They start with the first large batch of a job and end with the job, so an idle server keeps neither their memory nor
the grammars that they load. A worker ends when its server does, even when that was killed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from agent_brain_server.errors import WorkersError
from agent_brain_server.indexing.prepare import PreparedFile, ReadRequest, prepare_files
from agent_brain_server.indexing.worker_process import begin

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
            self._pool = _new_pool(self.count)

    def stop(self) -> None:
        """End the processes, without waiting for work that nobody wants any more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def run(self, function: Callable[[A], T], argument: A) -> T:
        """`function(argument)` elsewhere than on the event loop, once more if the processes died under it.

        Raises BrokenProcessPool if they died again.
        """
        pool = self._pool
        try:
            return await _run_in(pool, function, argument)
        except BrokenProcessPool:
            self._replace(pool)
        return await _run_in(self._pool, function, argument)

    async def prepare(self, requests: Sequence[ReadRequest]) -> list[PreparedFile]:
        """The prepared files, in order. A file whose parser kills the process is reported as unreadable.

        Raises WorkersError where processes cannot be started at all.
        """
        pool = self._pool
        try:
            return await _run_in(pool, prepare_files, requests)
        except BrokenProcessPool:
            self._replace(pool)
        return await _prepare_one_by_one(requests)

    def _replace(self, broken: ProcessPoolExecutor | None) -> None:
        if self._pool is broken:
            self.stop()
            self.start()


def _new_pool(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=begin)


async def _run_in(pool: ProcessPoolExecutor | None, function: Callable[[A], T], argument: A) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, function, argument)


async def _prepare_one_by_one(requests: Sequence[ReadRequest]) -> list[PreparedFile]:
    """In a process apart, so that a file that kills it costs no other; a process is started anew only after that."""
    prepared: list[PreparedFile] = []
    pool = _new_pool(1)
    try:
        for request in requests:
            try:
                prepared += await _run_in(pool, prepare_files, [request])
            except BrokenProcessPool:
                prepared.append(PreparedFile(request.entry, "unreadable", note="the parser crashed on it"))
                pool.shutdown(wait=False, cancel_futures=True)
                pool = _new_pool(1)
                await _require_working(pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return prepared


async def _require_working(pool: ProcessPoolExecutor) -> None:
    """Where not even nothing can be done in a process, it is not the file that is to blame."""
    try:
        await _run_in(pool, len, ())
    except BrokenProcessPool as error:
        raise WorkersError("Worker processes cannot be started; the server's log says why.") from error
