"""What one file may take of a worker process. The kernel keeps the limits, so that a parser that never returns, or
that holds Python's lock, cannot pass them.

Address space is limited where `/proc` says how much there is already (Linux); elsewhere processor time alone is.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import resource

BASE_SECONDS = 5.0
SECONDS_PER_BYTE = 2e-6
"""Of the processor's time, so that a busy machine gives the same chunks."""
STUCK_SECONDS = 120.0
"""Real seconds, after which the server ends a process that does not answer, for any reason."""
MEMORY_BYTES = 512 << 20
"""Address space for one file beyond what the process has before it."""
_STATM = Path("/proc/self/statm")


def seconds_for(size: int) -> float:
    """Return the processor time, in seconds, for a file of `size` bytes: ten times what one written by hand takes."""
    return BASE_SECONDS + size * SECONDS_PER_BYTE


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Limit the block's memory, and end the process by SIGPROF after `seconds` of its processor time.

    What asks for more memory gets MemoryError in Python; a parser in C usually aborts.
    """
    before = _limit_memory()
    _set_timer(seconds)
    try:
        yield
    finally:
        _set_timer(0)
        _restore_memory(before)


def allow(seconds: float) -> None:
    """Start the time again within `bounded`; nothing happens elsewhere."""
    if sys.platform != "win32" and signal.getitimer(signal.ITIMER_PROF)[0]:
        _set_timer(seconds)


def resident_bytes() -> int:
    """Return how many bytes this process holds in memory; 0 where the system does not say."""
    return _statm(1)


def _set_timer(seconds: float) -> None:
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> int | None:
    used = _statm(0)
    if sys.platform == "win32" or not used:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + MEMORY_BYTES
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *limits]), hard))
    return soft


def _restore_memory(soft: int | None) -> None:
    if sys.platform != "win32" and soft is not None:
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _statm(field: int) -> int:
    try:
        with _STATM.open("rb") as file:
            return int(file.read().split()[field]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
