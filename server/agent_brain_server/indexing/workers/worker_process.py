"""A worker process: reads calls from its standard input, answers on its standard output, ends with its server.

It imports little: asyncio alone would take a third of its start.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import IO, Any, TypeAlias

from agent_brain_server.runtime.garbage import collect_seldom
from agent_brain_server.runtime.limits import resident_bytes

Call: TypeAlias = tuple[Callable[[Any], Any], Any]

LIFELINE = "--lifeline=" if sys.platform == "linux" else ""
"""The argument that names the pipe which closes when the server ends; Linux alone can send a signal for that."""

READY, ITEM, ERROR, END = "ready", "item", "error", "end"
"""What an answer is: the first of all; a value; what an exception says; the last of a call, with the memory held."""


def spawn_main() -> None:
    """Answer calls until standard input ends, which it does when the server ends, even if that was killed."""
    if LIFELINE and sys.argv[1:]:
        end_with(int(sys.argv[1].removeprefix(LIFELINE)))
    answers = _take_standard_output()
    _ignore_terminal()
    _mute(2)
    calls: SimpleQueue[Call] = SimpleQueue()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # there is a process a processor, and each thread takes address space
    _answer(answers, READY, None)
    threading.Thread(target=_read_calls, args=(calls,), name="read-calls", daemon=True).start()
    collect_seldom()
    while True:
        _serve(answers, *calls.get())


def end_with(pipe: int) -> None:
    """Let the kernel kill this process when the other end of `pipe` closes, also while a parser holds Python's lock."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
        if select.select([pipe], [], [], 0)[0]:  # closed before the kernel was asked
            os._exit(1)


def _take_standard_output() -> IO[bytes]:
    """Return the pipe to the server, which nothing else may write to."""
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    _mute(1)
    return answers


def _mute(descriptor: int) -> None:
    """Drop what libraries print about a file: no file may fill the server's log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _ignore_terminal() -> None:
    """Ignore Ctrl-C: it is for the server, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _read_calls(calls: SimpleQueue[Call]) -> None:
    """Read calls in a thread of its own, which sees the end of the input while another one works."""
    try:
        while True:
            calls.put(pickle.load(sys.stdin.buffer))  # noqa: S301  the server's own
    finally:
        os._exit(1)


def _serve(answers: IO[bytes], function: Callable[[Any], Any], argument: Any) -> None:
    try:
        result = function(argument)
        for value in result if isinstance(result, Iterator) else (result,):
            _answer(answers, ITEM, value)
    except Exception as error:
        _answer(answers, ERROR, f"{type(error).__name__}: {error}"[:500])
    _answer(answers, END, resident_bytes())


def _answer(answers: IO[bytes], kind: str, value: object) -> None:
    try:
        answers.write(pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL))
        answers.flush()
    except BrokenPipeError:
        os._exit(1)
