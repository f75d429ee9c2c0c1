"""The server's side of one worker process: start it, call it, end it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from agent_brain_server.errors import CodeGoneError, WorkersError
from agent_brain_server.indexing.workers import worker_process
from agent_brain_server.indexing.workers.worker_process import END, ERROR, ITEM, LIFELINE, READY
from agent_brain_server.runtime.limits import STUCK_SECONDS

T = TypeVar("T")
A = TypeVar("A")

MOST_VALUES = 5_000
MOST_RESIDENT_BYTES = 256 << 20
"""A process that has given so many values, or holds so much memory after a call, is not called again."""
_PIPE_BYTES = 1 << 16
_WAIT_SECONDS = 5.0
# What Python imports first must not come from the working directory, so `sys.path` is that of the server.
_CODE = (
    "import sys; sys.path[:] = sys.argv.pop().split(chr(10));"
    "from agent_brain_server.indexing.workers.worker_process import spawn_main; spawn_main()"
)


class WorkerDiedError(Exception):
    """The process ended during a call. `returncode` is that of `subprocess`: negative for a signal."""

    def __init__(self, returncode: int, *, was_stuck: bool) -> None:
        super().__init__(f"a worker process exited with code {returncode}")
        self.returncode = returncode
        self.took_too_long = was_stuck or (sys.platform != "win32" and returncode == -signal.SIGPROF)
        self.was_killed = not was_stuck and sys.platform != "win32" and returncode in (-signal.SIGKILL, -signal.SIGTERM)
        """Whether something outside of the process ended it."""


class WorkerCallError(Exception):
    """The function that was called raised an exception, which the message names."""


class Worker:
    """A worker process, called by one thread at a time; `kill` may come from any."""

    def __init__(self) -> None:
        flags = ["-I"] if sys.flags.isolated else ["-P"]
        path = "\n".join(filter(None, sys.path))
        lifeline = _Lifeline()
        try:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", _CODE, *lifeline.arguments, path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=_PIPE_BYTES,
                pass_fds=lifeline.inherited,
            )
        except BaseException:
            lifeline.close()
            raise
        finally:
            lifeline.hand_over()
        self._close = weakref.finalize(self, _end, self._process, lifeline)
        self._values = 0
        self._resident = 0
        self._answered_at = time.monotonic()
        self._was_stuck = False

    @classmethod
    def start(cls) -> Worker:
        """Start a process that waits for calls. Raise WorkersError where none can be started, CodeGoneError where its
        code is gone."""
        try:
            worker = cls()
            if worker._receive()[0] == READY:
                return worker
        except (OSError, WorkerDiedError) as error:
            _require_code(error)
            raise WorkersError("Worker processes cannot be started. See: agent-brain logs") from error
        raise WorkersError("Worker processes cannot be started; install the package again.")

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Return whether it can be called again, and has not grown."""
        is_worn = self._values >= MOST_VALUES or self._resident >= MOST_RESIDENT_BYTES
        return not is_worn and self._process.poll() is None

    def call(self, function: Callable[[A], T], argument: A) -> T:
        """Return `function(argument)`. Raise WorkerDiedError, or WorkerCallError for an exception."""
        (value,) = self._answers(function, argument)
        return cast("T", value)

    def values(self, function: Callable[[A], Iterator[T]], argument: A) -> Iterator[T]:
        """Yield what `function(argument)` yields, each value once it is there; raise as `call` does."""
        return self._answers(function, argument)

    def _answers(self, function: Callable[[A], object], argument: A) -> Iterator[Any]:
        self._answered_at = time.monotonic()
        self._send((function, argument))
        while True:
            kind, value = self._receive()
            if kind == ITEM:
                self._values += 1
                yield value
            elif kind == END:
                self._resident = value
                return
            elif kind == ERROR:
                self._receive()
                raise WorkerCallError(value)

    def kill_if_stuck(self) -> None:
        """End the process if it has not answered for too long."""
        if time.monotonic() - self._answered_at > STUCK_SECONDS:
            self._was_stuck = True
            self.kill()

    def kill(self) -> None:
        """End the process; a thread that waits for its answer gets WorkerDiedError."""
        self._process.kill()

    def close(self) -> None:
        """End the process and forget it; no thread may be waiting for its answer."""
        self._close()

    def _send(self, call: object) -> None:
        assert self._process.stdin is not None  # noqa: S101  for mypy
        try:
            pickle.dump(call, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise self._died() from error

    def _receive(self) -> tuple[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  for mypy
        try:
            kind, value = pickle.load(self._process.stdout)  # noqa: S301  from our own process
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise self._died() from error
        self._answered_at = time.monotonic()
        return kind, value

    def _died(self) -> WorkerDiedError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_WAIT_SECONDS)
        self.close()
        return WorkerDiedError(self._process.returncode or 0, was_stuck=self._was_stuck)


class _Lifeline:
    """A pipe that a worker process reads and this process alone writes to, so that the system signals this
    process's end to the worker, however busy either is.
    """

    def __init__(self) -> None:
        self._ends = os.pipe() if LIFELINE else ()

    @property
    def inherited(self) -> tuple[int, ...]:
        """Return the descriptors that the worker process gets."""
        return self._ends[:1]

    @property
    def arguments(self) -> list[str]:
        """Return the arguments that name them."""
        return [f"{LIFELINE}{number}" for number in self.inherited]

    def hand_over(self) -> None:
        """Close what is the worker's alone."""
        for end in self._ends[:1]:
            os.close(end)

    def close(self) -> None:
        """Close this process's end."""
        for end in self._ends[1:]:
            os.close(end)


def _require_code(error: Exception) -> None:
    """Raise CodeGoneError where what a worker process is started from is gone."""
    for path in (sys.executable, worker_process.__file__):
        if not Path(path).exists():
            raise CodeGoneError(f"{path} is gone, so this server ends. Run: agent-brain start") from error


def _end(process: subprocess.Popen[bytes], lifeline: _Lifeline) -> None:
    process.kill()
    lifeline.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_WAIT_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
