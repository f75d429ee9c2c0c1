"""Run a project's indexing jobs without HTTP, in parallel with servers and other workers on the same database."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress

from agent_brain_server.app import open_worker
from agent_brain_server.errors import StorageLostError
from agent_brain_server.process.presence import CodePresence, Presence, end_at_last
from agent_brain_server.runtime.garbage import collect_seldom
from agent_brain_server.settings.model import Settings
from agent_brain_server.storage.protocol import JobStore

log = logging.getLogger(__name__)

IDLE_CHECK_SECONDS = 0.5
PRESENCE_SECONDS = 2.0


def work(settings: Settings, *, once: bool) -> None:
    """Run jobs until a signal, after the current batch; with `once`, until no job is queued or runs anywhere.

    Raise AgentBrainError, one sentence that names the fix, if it cannot start.
    """
    asyncio.run(_work(settings, once))


async def _work(settings: Settings, once: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows: there Ctrl-C raises KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    async with open_worker(settings) as store:
        log.info("running the jobs of %s in %s", settings.project_root, store.describe())
        collect_seldom()
        if once:
            await _until_idle(store.jobs, stop)
        else:
            await _until_stopped(Presence([settings.project_root]), CodePresence(), stop)
        log.info("stopping")


async def _until_stopped(presence: Presence, code: CodePresence, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if lost := presence.lost() or code.lost():
            log.warning("stopping: %s", lost)
            end_at_last()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PRESENCE_SECONDS):
                await stop.wait()


async def _until_idle(jobs: JobStore, stop: asyncio.Event) -> None:
    while not stop.is_set():
        with suppress(StorageLostError):  # the runner says so already
            if not await jobs.list_unfinished():
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_CHECK_SECONDS):
                await stop.wait()
