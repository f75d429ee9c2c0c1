"""The number of files and connections that the system lets this process have open."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

# Where the hard limit is none, the soft one still has to be a number on some systems.
LARGEST = 10_240
SPARE = 96


def raise_limit() -> int:
    """Raise the limit on open descriptors as far as the system allows; how many there may be."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return LARGEST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, LARGEST):
        if soft not in (hard, resource.RLIM_INFINITY):
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                soft = wanted
                break
    return LARGEST if soft == resource.RLIM_INFINITY else soft


def left_for_connections(limit: int) -> int:
    """Return how many connections leave enough of `limit` for the index, its workers and the files read."""
    return max(limit - SPARE - _open_now(), 0)


def _open_now() -> int:
    for directory in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return sum(1 for _ in Path(directory).iterdir())
    return 0


def unread_bytes(descriptor: int) -> int:
    """Return how many bytes wait to be read at a socket; 0 where the system does not say."""
    try:
        import fcntl
        import termios
    except ImportError:  # Windows
        return 0
    with suppress(OSError):
        return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)
    return 0
