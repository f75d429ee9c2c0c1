"""What the server logs: to its standard error, each line bounded, repeated ones counted, control characters escaped.

Where standard error is the project's log file, as after `agent-brain start`, the server keeps that file bounded while
it runs, with all that writes to it: native libraries and worker processes.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from agent_brain_client.logfile import LONGEST, append_to, empty, log_path, older_path
from agent_brain_server.process.log_lines import FORMAT, LineFormatter

MOST_REPEATS = 30
WINDOW_SECONDS = 60.0
_STANDARD = (1, 2)


def log_to_stderr(level: str, state: Path) -> ServerLog:
    """Send the log of the whole process to standard error; the file that this may be, of the project in `state`."""
    file = ServerLog(state)
    handler = BoundedHandler(file)
    handler.setFormatter(LineFormatter(FORMAT))
    handler.addFilter(RepeatFilter())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.captureWarnings(capture=True)
    for noisy in ("httpx", "httpcore", "watchfiles.main", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return file


class BoundedHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error, and begins another file in time where that is a file of ours."""

    def __init__(self, file: ServerLog) -> None:
        super().__init__(sys.stderr)
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self._file.keep_bounded()
        super().emit(record)


class RepeatFilter(logging.Filter):
    """Passes MOST_REPEATS records a minute of each place in the code; the next minute says how many there were more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[tuple[str, int], int] = {}
        self._since = clock()
        self._left_out: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter`."""
        now, place = self._clock(), (record.pathname, record.lineno)
        if now - self._since >= WINDOW_SECONDS:
            self._left_out = {key: count - MOST_REPEATS for key, count in self._counts.items() if count > MOST_REPEATS}
            self._counts, self._since = {}, now
        count = self._counts[place] = self._counts.get(place, 0) + 1
        if count <= MOST_REPEATS and (left_out := self._left_out.pop(place, 0)):
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like it before)", None
        return count <= MOST_REPEATS


class ServerLog:
    """The log file of the project in `state`, while standard error goes to it."""

    def __init__(self, state: Path) -> None:
        self._path, self._older = log_path(state), older_path(state)
        self._owned = _is_open_as(_STANDARD[1], self._path)

    def keep_bounded(self) -> None:
        """Begin another file once this one is too long or is gone; empty the older one if somebody still fills it.

        Call it often: what native code and worker processes write meanwhile is bounded by nothing else.
        """
        if not self._owned:
            return
        with suppress(OSError):  # the directory is gone, or the disk is full: the file that is open stays in use
            if os.fstat(_STANDARD[1]).st_size > LONGEST:
                self._path.replace(self._older)
            if not _is_open_as(_STANDARD[1], self._path):
                self._reopen()
        with suppress(OSError):
            if self._older.lstat().st_size > 2 * LONGEST:
                empty(self._older)

    def _reopen(self) -> None:
        descriptor = append_to(self._path)
        try:
            for standard in _STANDARD:
                os.dup2(descriptor, standard)
        finally:
            os.close(descriptor)


def _is_open_as(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except OSError:
        return False
