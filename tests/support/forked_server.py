"""Lets a forked command start the server in a fork too, which saves half a second of imports at each start.

The command starts it by `subprocess`; only the last step of that, the system calls, is done here in another way. The
process shows the command line that it would have had: that is how it is found again.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

WORDS = 2048
"""Bytes of its own command line that the process which is forked must have, to show another in their place."""
_PACKAGE = "agent_brain_server"
_ARG_START = 45
"""The field of /proc/self/stat, counted behind the name, that tells where the command line is in memory."""


def import_server() -> None:
    """Import all of the server's modules, whatever they are called."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads should not be forked
    package = import_module(_PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{_PACKAGE}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def fork_servers() -> None:
    """From now on `subprocess` forks this process where it is asked for the server."""
    subprocess._fork_exec = _fork_in_place_of(subprocess._fork_exec)  # type: ignore[attr-defined]


def _fork_in_place_of(fork_exec: Callable[..., int]) -> Callable[..., int]:
    def fork(words: Sequence[Any], *more: Any) -> int:
        named = [os.fsdecode(word) for word in words]
        if not _is_server(named):
            return fork_exec(words, *more)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # doctor has a thread, which asks Docker meanwhile
            pid = os.fork()
        if pid == 0:
            _become(named, *more)
        return pid

    return fork


def _is_server(words: list[str]) -> bool:
    return words[0] == sys.executable and _PACKAGE in words and sum(map(len, words)) + len(words) < WORDS


def _become(
    words: list[str],
    programs: object,
    close_others: bool,
    kept: Sequence[int],
    directory: str | None,
    variables: Sequence[bytes] | None,
    *descriptors_and_flags: int,
) -> NoReturn:
    """Do in the child what `fork_exec` does with these arguments, and run the server."""
    status = 1
    try:
        read_in, _, _, write_out, _, write_error, _, write_failure, _, new_session = descriptors_and_flags[:10]
        for number, stream in enumerate((read_in, write_out, write_error)):
            if stream >= 0:
                os.dup2(stream, number)
        _close_all_but({0, 1, 2, *kept} - {write_failure})
        os.chdir(directory or ".")
        if new_session:
            os.setsid()
        if variables is not None:
            os.environ.clear()
            os.environb.update(tuple(one.split(b"=", 1)) for one in variables)
        _show(words)
        status = _run(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        _end(status)


def _close_all_but(kept: set[int]) -> None:
    """Close the other descriptors. That of failures is among them: by its end the parent sees that all went well."""
    edges = [*sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for low, high in pairwise(edges):
        os.closerange(low + 1, high)
    for one in kept:
        os.set_inheritable(one, True)


def _run(words: list[str]) -> int:
    """As `python -I -X utf8 -c CODE agent_brain_server …` does."""
    tests = str(Path(__file__).parents[1])
    sys.path[:] = [place for place in sys.path if place != tests]
    sys.argv[:] = words[words.index(_PACKAGE) :]
    # New ones, since what the command has written and not flushed is not the server's to write.
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    return int(import_module(f"{_PACKAGE}.__main__").run() or 0)


def _end(status: int) -> NoReturn:
    """As the interpreter ends."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def _show(words: list[str]) -> None:
    """Let the system show these words as the command line of this process."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    begin, end = map(int, fields[_ARG_START : _ARG_START + 2])
    text = b"".join(os.fsencode(word) + b"\0" for word in words)
    ctypes.memmove(begin, text.ljust(end - begin, b"\0"), end - begin)
