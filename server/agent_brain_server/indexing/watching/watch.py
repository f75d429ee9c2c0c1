"""Which indexed files change while the server runs."""

# ruff: noqa: PTH112, PTH114, PTH119, PTH120
# Paths are strings here: as Path objects they would double the time of a walk.

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator

from agent_brain_server.indexing.walking.ignore import EXCLUDE_DIRECTORY, IGNORE_FILES
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.events import EventBatch, FileEvent
from agent_brain_server.indexing.watching.file_events import file_events
from agent_brain_server.indexing.watching.mounts import Poller, silent_places

WINDOW_MILLISECONDS = 300
# So many changes at once are one action, such as the change of a branch: they are handed over when it is over.
BURST_PATHS = 10
QUIET_SECONDS = 1.0
LONGEST_BURST_SECONDS = 30.0
_GIT_LOCK = "/.git/index.lock"  # is there as long as git changes the files
_GIT_EXCLUDE = f"/{EXCLUDE_DIRECTORY}/exclude"


async def watch(
    tree: FileTree,
    stop: asyncio.Event,
    *,
    ready: asyncio.Event | None = None,
    window_milliseconds: int = WINDOW_MILLISECONDS,
) -> AsyncGenerator[frozenset[str], None]:
    """Yield the paths that changed, gathered over the window, until `stop` is set; never empty, no ignored path.

    A path is written as in `walk` and is one of: a file to index, new or changed; a path where nothing is indexed any
    more (a file, or a directory with all that was in it); or, ending in `/`, a directory that must be walked again
    (`./` for the root), because its ignore rules changed or too much happened at once. What comes while the consumer is
    busy is handed over as one set.
    `ready` is set once no later change can be missed. Raise OSError where the system cannot watch so many directories.
    """
    watcher = _Watcher(tree, stop, ready or asyncio.Event(), window_milliseconds)
    watcher.start()
    try:
        while (paths := await watcher.next()) is not None:
            if paths:
                yield paths
    finally:
        await watcher.close()


class _Watcher(threading.Thread):
    """A thread that waits and judges: adding thousands of watches would hold up the event loop."""

    def __init__(self, tree: FileTree, stop: asyncio.Event, ready: asyncio.Event, window: int) -> None:
        super().__init__(name="agent-brain-watch", daemon=True)
        self._tree = tree
        self._stop_asked = stop
        self._ready = ready
        self._window = window
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._batches: asyncio.Queue[frozenset[str] | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._error: Exception | None = None

    def is_set(self) -> bool:
        """Return whether to end: the watcher is its own stop event."""
        return self._closing or self._stop_asked.is_set()

    async def next(self) -> frozenset[str] | None:
        """Return all changes since the last call, once there are some; None at the end."""
        batch = await self._batches.get()
        until = self._loop.time() + LONGEST_BURST_SECONDS
        while batch is not None and (not self._batches.empty() or self._goes_on(batch, until)):
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    more = await self._batches.get()
            except TimeoutError:
                if self._git_works():
                    continue
                break
            if more is None:
                self._batches.put_nowait(None)
                break
            batch |= more
        if batch is None and self._error is not None:
            raise self._error
        return batch

    def _goes_on(self, batch: frozenset[str], until: float) -> bool:
        """Return whether more of the same action may come."""
        return self._loop.time() < until and (len(batch) >= BURST_PATHS or self._git_works())

    def _git_works(self) -> bool:
        return any(_is_recent(top + _GIT_LOCK) for top in self._tree.tops)

    async def close(self) -> None:
        """End the thread."""
        self._closing = True
        await self._ended.wait()
        self.join()

    def run(self) -> None:
        try:
            self._watch()
        except Exception as error:  # handed to the consumer by `next`
            self._error = error
        self._call(self._batches.put_nowait, None)
        self._call(self._ended.set)

    def _watch(self) -> None:
        poller = Poller(self._tree, silent_places(self._tree))
        for events in file_events(self._tree, self, self._window):
            self._call(self._ready.set)
            if batch := {**poller.look(), **events}:
                self._call(self._batches.put_nowait, _changed(self._tree, batch))

    def _call(self, call: Callable[..., object], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)


def _is_recent(lock: str) -> bool:
    """Return whether there is a lock that was not left behind by a git that has ended."""
    try:
        return time.time() - os.lstat(lock).st_mtime < LONGEST_BURST_SECONDS
    except OSError:
        return False


def _changed(tree: FileTree, events: EventBatch) -> frozenset[str]:
    """Return the paths that changed. The disk is asked what is at a path: by now it may differ from the event."""
    paths: set[str] = set()
    for path, kinds in events.items():
        paths.update(_directories_to_walk(tree, path, kinds))
        if os.path.isdir(path) and not os.path.islink(path):
            paths.update(_in_directory(tree, path, kinds))
        elif (entry := tree.admits(path)) is not None:
            paths.add(entry.path)
        elif _is_gone(tree, path, events):
            paths.add(tree.name(path))
    return frozenset(paths)


def _directories_to_walk(tree: FileTree, path: str, kinds: Collection[FileEvent]) -> Iterator[str]:
    """Yield the directory, with `/` at its end, that must be walked again: events were lost, or its rules changed."""
    directory = path if "overflow" in kinds else _ruled_directory(path)
    if directory and tree.could_hold(directory, directory=True):
        yield "./" if directory == tree.root else f"{tree.name(directory)}/"


def _in_directory(tree: FileTree, path: str, kinds: Collection[FileEvent]) -> Iterator[str]:
    """Yield the files of a directory that came, and its own path where a file was there before."""
    if "added" in kinds:
        yield from (entry.path for entry in tree.walk_beneath(path).files)
    if "deleted" in kinds and tree.could_hold(path, directory=False):
        yield tree.name(path)


def _ruled_directory(path: str) -> str:
    """Return the directory whose rules the file at `path` holds, empty for any other file."""
    if path.endswith(_GIT_EXCLUDE):
        return path.removesuffix(_GIT_EXCLUDE)
    return os.path.dirname(path) if os.path.basename(path) in IGNORE_FILES else ""


def _is_gone(tree: FileTree, path: str, events: EventBatch) -> bool:
    """Return whether an indexed file, or a directory of them, may have been at `path` and is not any more."""
    if os.path.lexists(path):
        return tree.could_hold(path, directory=False)
    if tree.could_hold(path, directory=True):
        return True
    was_directory = any(other.startswith(f"{path}/") for other in events)
    return not was_directory and tree.could_hold(path, directory=False)
