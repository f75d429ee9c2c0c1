"""Brings changed files up to date: at once where that is cheap enough to wait for, else soon."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from agent_brain_server.errors import StorageError
from agent_brain_server.services.answering.freshness import Changed, Sight
from agent_brain_server.services.background import Background
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.storage.protocol import JobStore

log = logging.getLogger(__name__)

CHEAP_FILES = 8
CHEAP_BYTES = 400_000
PATIENCE_SECONDS = 0.5
# A file that is still as it was when a job for it was queued is not queued for again so soon.
AGAIN_SECONDS = 60.0
MOST_REMEMBERED = 10_000


class Refresher:
    """Queues small jobs; the one writer runs them."""

    def __init__(self, jobs: JobStore, runner: JobRunner, root: Path, background: Background) -> None:
        self._jobs = jobs
        self._runner = runner
        self._root = root
        self._background = background
        self._tried: dict[str, tuple[Sight, float]] = {}
        self._latest: tuple[int, float] | None = None  # a job that others may still wait for, and until when

    async def refresh(self, changed: Changed) -> bool:
        """Have these files indexed again; whether that is done already.

        A few small ones are waited for, but not behind another job and not for long. Where no job can be queued (the
        disk is full, or may only be read), nothing is done: who asked still has an answer, which is stale. Nothing is
        done either for what no job can bring up to date.
        """
        if not (paths := self._worth_trying(changed)):
            return any(changed.values()) and await self._join()
        if self._runner.current is not None or not await asyncio.to_thread(self._is_cheap, paths):
            self._background.run(self._queue_only(paths))
            return False
        job_id = await self._queue(paths)
        self._latest = None if job_id is None else (job_id, time.monotonic() + PATIENCE_SECONDS)
        return job_id is not None and await self._runner.wait_for(job_id, PATIENCE_SECONDS)

    async def _join(self) -> bool:
        """Wait for the job that another question has just queued, as long as that one would."""
        job_id, until = self._latest or (0, 0.0)
        left = until - time.monotonic()
        return left > 0 and await self._runner.wait_for(job_id, left)

    def _worth_trying(self, changed: Changed) -> list[str]:
        """Return those that have changed since they were last queued, which are noted as queued now."""
        now = time.monotonic()
        if len(self._tried) > MOST_REMEMBERED:
            self._tried.clear()
        paths = []
        for path, sight in changed.items():
            before, at = self._tried.get(path, (None, 0.0))
            if sight is not None and (sight != before or now - at > AGAIN_SECONDS):
                self._tried[path] = sight, now
                paths.append(path)
        return sorted(paths)

    async def _queue(self, paths: Sequence[str]) -> int | None:
        try:
            job = await self._jobs.add(paths, False, time.time())
        except StorageError as error:
            log.warning("changed files are not indexed again: %s", error)
            for path in paths:
                self._tried.pop(path, None)
            return None
        self._runner.wake()
        return job.id

    async def _queue_only(self, paths: Sequence[str]) -> None:
        await self._queue(paths)

    def _is_cheap(self, paths: Collection[str]) -> bool:
        return len(paths) <= CHEAP_FILES and sum(_size(self._root / path) for path in paths) <= CHEAP_BYTES


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
