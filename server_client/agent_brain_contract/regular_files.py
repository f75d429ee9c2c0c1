"""Reads files that a repository brings: one may be a pipe without a writer, or a device, or have no end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST_SETTINGS = 1_000_000
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def open_regular_file(path: str | Path, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Return a descriptor of the regular file at `path`, without waiting for anybody.

    Raise OSError for anything else.
    """
    descriptor = os.open(path, flags | _NO_WAITING | getattr(os, "O_CLOEXEC", 0), mode)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular_file(path: str | Path, largest: int = LARGEST_SETTINGS, flags: int = os.O_RDONLY) -> bytes:
    """Return the content of the regular file at `path`.

    Raise OSError for anything else and for more than `largest` bytes.
    """
    with os.fdopen(open_regular_file(path, flags), "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"larger than {largest:,} bytes", str(path))
    return content
