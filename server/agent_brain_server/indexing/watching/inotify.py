"""The events of Linux, whose watches are of single directories.

Only the directories that the index takes are watched, so neither what is ignored nor what a link leads to costs
anything. A link would do worse: the kernel knows a directory by itself, not by its path, so that a second way to it
would take the events of the first, and end them when the link goes.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from inotify_simple import Event, INotify, flags

from agent_brain_server.indexing.walking.ignore import EXCLUDE_DIRECTORY, IGNORE_FILES, REPOSITORY
from agent_brain_server.indexing.walking.real_paths import is_gone
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.events import STEP_MILLISECONDS, EventBatch, FileEvent, StopSignal

_Identity: TypeAlias = tuple[int, int] | None
_ASKED = (
    flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO
    | flags.MODIFY | flags.CLOSE_WRITE | flags.ATTRIB
    | flags.ONLYDIR | flags.DONT_FOLLOW | flags.EXCL_UNLINK
)  # fmt: skip
LOOK_SECONDS = 5.0
"""How long a folder in whose place another directory is, or one that may be read again, goes without its watches."""
_COMES = flags.CREATE | flags.MOVED_TO
_GOES = flags.DELETE | flags.MOVED_FROM


def inotify_events(tree: FileTree, stop: StopSignal, window_milliseconds: int) -> Iterator[EventBatch]:
    """Yield as `file_events`."""
    with _inotify() as inotify:
        watches = _Watches(tree, inotify)
        watches.watch_all()
        yield {}
        while not stop.is_set():
            yield watches.gather(window_milliseconds)


def _inotify() -> INotify:
    try:
        return INotify()
    except OSError as error:
        reason = f"{error.strerror}; if there are too many watchers, raise fs.inotify.max_user_instances"
        raise OSError(error.errno, reason) from error


class _Watches:
    """The directory that each watch is of, kept up with what comes, goes and is renamed."""

    def __init__(self, tree: FileTree, inotify: INotify) -> None:
        self._tree = tree
        self._inotify = inotify
        self._directories: dict[int, str] = {}
        self._tops: dict[str, _Identity] = {}
        self._closed: set[str] = set()
        self._look_at = 0.0

    def watch_all(self) -> None:
        """Watch all directories that the index takes, also those that are watched already."""
        self._tops = {top: _identity(top) for top in self._tree.tops}
        self._tree.walk(self._watch)

    def gather(self, window_milliseconds: int) -> EventBatch:
        """Return what happens until it is quiet, or the window is over; nothing if nothing happens within two steps."""
        batch: dict[str, frozenset[FileEvent]] = {}
        end = time.monotonic() + window_milliseconds / 1000
        events = self._inotify.read(timeout=2 * STEP_MILLISECONDS)
        while events:
            for event in events:
                self._take(event, batch)
            left = int(1000 * (end - time.monotonic()))
            events = self._inotify.read(timeout=min(STEP_MILLISECONDS, left)) if left > 0 else []
        for path in batch:
            directory, _, name = path.rpartition("/")
            if name == REPOSITORY:  # only now does a new one have all its directories
                self._watch(f"{directory}/{EXCLUDE_DIRECTORY}")
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            batch.update(dict.fromkeys(self._look_again(), frozenset[FileEvent](["overflow"])))
        return batch

    def _look_again(self) -> Iterator[str]:
        """Watch and yield what no event is sent for: directories that may be read again, and folders in whose place
        another directory is, as after a mount.
        """
        for top, before in list(self._tops.items()):
            self._tops[top] = now = _identity(top)
            if now is not None and now != before:
                self._tree.walk_beneath(top, self._watch)
                yield top
        for directory in sorted(self._closed):
            if directory in self._closed and self._watch(directory):
                self._tree.walk_beneath(directory, self._watch)
                yield directory

    def _take(self, event: Event, batch: dict[str, frozenset[FileEvent]]) -> None:
        if event.mask & flags.Q_OVERFLOW:
            self.watch_all()
            batch.update(dict.fromkeys(self._tree.tops, frozenset[FileEvent](["overflow"])))
        elif event.mask & flags.IGNORED:
            ended = self._directories.pop(event.wd, "")
            if ended in self._tops:  # deleted or unmounted; the next one in its place may have the same numbers
                self._tops[ended] = None
        elif (directory := self._directories.get(event.wd)) is not None and event.name:
            path = f"{directory}/{event.name}"
            if not self._ignored_goes(event.mask, path):
                batch[path] = batch.get(path, frozenset()) | {_file_event(event.mask)}
            self._follow(event, directory, path)

    def _ignored_goes(self, mask: int, path: str) -> bool:
        """Return whether a directory goes of which nothing was indexed; afterwards it may as well have been a file."""
        goes = mask & flags.ISDIR and mask & _GOES
        return bool(goes) and not self._tree.could_hold(path, directory=True)

    def _follow(self, event: Event, directory: str, path: str) -> None:
        """Watch what comes, and what new rules let in; watch no more what goes elsewhere."""
        if event.mask & flags.ISDIR and event.mask & flags.ATTRIB:
            self._look_at = 0.0  # its permissions may be others now
        if event.mask & flags.ISDIR and event.mask & flags.MOVED_FROM:
            self._leave(path)
        elif event.mask & flags.ISDIR and event.mask & _COMES:
            self._tree.walk_beneath(path, self._watch)
        elif event.name in IGNORE_FILES or directory.endswith(f"/{EXCLUDE_DIRECTORY}"):
            self._tree.walk_beneath(directory.removesuffix(f"/{EXCLUDE_DIRECTORY}"), self._watch)

    def _watch(self, directory: str) -> bool:
        """Watch a directory before it is listed: then nothing comes unseen. Return whether it could be."""
        try:
            self._directories[self._inotify.add_watch(directory, _ASKED)] = directory
        except OSError as error:
            if error.errno == errno.ENOSPC:
                reason = "there are more directories than the system allows to watch: raise fs.inotify.max_user_watches"
                raise OSError(error.errno, reason) from error
            # else it is not there, or not ours to read: then it holds nothing for the index either
            if is_gone(error):
                self._closed.discard(directory)
            else:
                self._closed.add(directory)
            return False
        self._closed.discard(directory)
        return True

    def _leave(self, gone: str) -> None:
        """End the watches of a directory that was moved: they would name it by its old path."""
        for watch, directory in list(self._directories.items()):
            if directory == gone or directory.startswith(f"{gone}/"):
                del self._directories[watch]
                try:
                    self._inotify.rm_watch(watch)
                except OSError:  # deleted since: the watch ended with it
                    continue


def _identity(directory: str) -> _Identity:
    """Return which directory it is, None for none. A watch is of the directory itself, not of its path."""
    try:
        status = Path(directory).lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _file_event(mask: int) -> FileEvent:
    if mask & _COMES:
        return "added"
    return "deleted" if mask & _GOES else "modified"
