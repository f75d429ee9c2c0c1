"""Reading and writing small files of state safely."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

MOST_BYTES = 4_000_000


def read_regular(path: Path, limit: int = MOST_BYTES) -> bytes:
    """Return the content of the regular file at `path`, without waiting for a pipe. Raise OSError for all else."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is not a regular file", str(path))
        if status.st_size > limit:
            raise OSError(None, "it is too large", str(path))
        return file.read(limit)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at `path` at once; it and the directories made for it are the user's alone."""
    _make_private(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _make_private(directory: Path) -> None:
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
