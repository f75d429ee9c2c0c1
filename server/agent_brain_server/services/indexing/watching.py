"""The watcher's jobs, which keep the index fresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import aclosing
from typing import Literal

from agent_brain_server.domain.jobs import MOST_PATHS
from agent_brain_server.errors import AgentBrainError
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.mounts import described, silent_places
from agent_brain_server.indexing.watching.watch import watch
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_service import IndexingService

log = logging.getLogger(__name__)


class Watching:
    """The watcher of a server.

    `state` is what it does now; `detail` says why it failed, or what it does not
    see at once.
    """

    def __init__(self, folders: IndexedFolders, indexing: IndexingService) -> None:
        self._folders = folders
        self._indexing = indexing
        self._stop = asyncio.Event()
        self._restarting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._wanted = False
        self._missed = False
        self.state: Literal["watching", "off", "failed"] = "off"
        self.detail = ""

    async def start(self) -> None:
        """Begin, with a first job for what changed before."""
        self._wanted = True
        self._stop.clear()
        tree = await self._folders.tree()
        if tree.tops or tree.problems:
            self.state, self.detail = "watching", described(await asyncio.to_thread(silent_places, tree))
            self._task = asyncio.create_task(self._watch(tree), name="watcher")

    async def stop(self) -> None:
        """End, and leave no thread behind."""
        self._stop.set()
        if self._task is not None:
            await self._task
            self._task = None
        self.state = "off"

    async def restart(self) -> None:
        """Watch the new folders, since they have changed. Do nothing where watching is turned off."""
        async with self._restarting:
            if self._wanted:
                await self.stop()
                await self.start()

    async def _watch(self, tree: FileTree) -> None:
        ready = asyncio.Event()
        catching_up = asyncio.create_task(self._catch_up(ready))
        try:
            async with aclosing(watch(tree, self._stop, ready=ready)) as changes:
                async for paths in changes:
                    await self._index(paths if len(paths) <= MOST_PATHS else ())
        except Exception as error:
            self.state, self.detail = "failed", f"{type(error).__name__}: {error}"
            log.exception("the watcher failed; index by hand: agent-brain index")
        finally:
            ready.set()
            await catching_up

    async def _catch_up(self, ready: asyncio.Event) -> None:
        """Queue a job for what came before `ready`: only from then on is no change missed."""
        await ready.wait()
        if not self._stop.is_set():
            await self._index(())

    async def _index(self, paths: Collection[str]) -> None:
        """Queue a job for `paths`; for all files where the paths of an earlier one could not even be queued."""
        try:
            await self._indexing.follow_changes(() if self._missed else paths)
            self._missed = False
        except AgentBrainError as error:
            self._missed = True
            log.warning("changes were not indexed: %s", error)
