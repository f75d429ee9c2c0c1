"""A watcher on real files: what it reported so far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.watching.watch import watch
from support.walking import accept_all

LIMITS = WalkLimits(max_file_bytes=1000)


class Reported:
    """What a watcher reported so far."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.batches = 0
        self.news = asyncio.Event()

    async def until(self, *paths: str) -> None:
        async with asyncio.timeout(10):
            while not self.paths.issuperset(paths):
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def watching(root: Path, *folders: Folder) -> AsyncIterator[Reported]:
    reported, stop, ready = Reported(), asyncio.Event(), asyncio.Event()

    async def listen() -> None:
        tree = FileTree(root.resolve(), folders or (Folder("."),), LIMITS, accept_all)
        batches = watch(tree, stop, ready=ready, window_milliseconds=100)
        async for paths in batches:
            assert paths
            reported.paths |= paths
            reported.batches += 1
            reported.news.set()

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(ready.wait(), 10)
    try:
        yield reported
    finally:
        stop.set()
        await asyncio.wait_for(listening, 10)


async def reported_by(root: Path, act: Callable[[], object], *folders: Folder) -> set[str]:
    """All that is reported between `act` and a change that is certainly reported."""
    async with watching(root, *folders) as reported:
        act()
        await asyncio.sleep(0.2)
        (root / "last.txt").write_text("x")
        await reported.until("last.txt")
        return reported.paths - {"last.txt"}


def write(root: Path, *paths: str, text: str = "x\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
