"""Brings changed files up to date: at once where that is cheap enough to wait for, else soon."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from agent_brain_server.errors import StorageError
from agent_brain_server.services.background import Background
from agent_brain_server.services.runner import JobRunner
from agent_brain_server.storage.protocol import JobStore

log = logging.getLogger(__name__)

CHEAP_FILES = 8
CHEAP_BYTES = 400_000
PATIENCE_SECONDS = 0.5


class Refresher:
    """Queues small jobs; the one writer runs them."""

    def __init__(self, store: JobStore, runner: JobRunner, root: Path, background: Background) -> None:
        self._store = store
        self._runner = runner
        self._root = root
        self._background = background

    async def refresh(self, paths: Collection[str]) -> bool:
        """Have these files indexed again; whether that is done already.

        A few small ones are waited for, but not behind another job and not for long. Where no job can be queued (the
        disk is full, or may only be read), nothing is done: who asked still has an answer, which is stale.
        """
        if self._runner.current is not None or not await asyncio.to_thread(self._is_cheap, paths):
            self._background.run(self._queue_only(sorted(paths)))
            return False
        job_id = await self._queue(sorted(paths))
        return job_id is not None and await self._runner.wait_for(job_id, PATIENCE_SECONDS)

    async def _queue(self, paths: Sequence[str]) -> int | None:
        try:
            job = await self._store.add_job(paths, False, time.time())
        except StorageError as error:
            log.warning("changed files are not indexed again: %s", error)
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
