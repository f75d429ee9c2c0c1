"""The events of the operating system beneath the indexed folders."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import cast

from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.events import STEP_MILLISECONDS, EventBatch, FileEvent, StopSignal


def file_events(tree: FileTree, stop: StopSignal, window_milliseconds: int) -> Iterator[EventBatch]:
    """Yield what happened, gathered until it is quiet or for the window, until `stop` is set.

    An empty batch comes at least every 0.1 s. From the first batch on no change is missed. Raise OSError where the
    system cannot watch so many directories.
    """
    if sys.platform == "linux":
        from agent_brain_server.indexing.watching.inotify import inotify_events

        return inotify_events(tree, stop, window_milliseconds)
    return recursive_events(tree, stop, window_milliseconds)


def recursive_events(tree: FileTree, stop: StopSignal, window_milliseconds: int) -> Iterator[EventBatch]:
    """Yield as `file_events` where the system itself watches a directory with all in it, as macOS and Windows do.

    On Linux the library follows links, and then reports a change by any one of the paths that lead to it.
    """
    from watchfiles import watch  # here, since a server that does not watch need not load it

    batches = watch(
        *_outermost(tree.tops),
        watch_filter=None,
        debounce=window_milliseconds,
        step=STEP_MILLISECONDS,
        stop_event=stop,
        rust_timeout=2 * STEP_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for changes in batches:
        events: dict[str, frozenset[FileEvent]] = {}
        for change, path in changes:
            plain = path.replace(os.sep, "/")
            events[plain] = events.get(plain, frozenset()) | {cast(FileEvent, change.raw_str())}
        yield events


def _outermost(tops: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for top in sorted(tops, key=len):
        if not any(top.startswith(f"{outer}/") for outer in kept):
            kept.append(top)
    return kept
