"""Writing small files of state safely: under a temporary name in the same directory first, then renamed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

STALE_SECONDS = 60.0
"""A temporary file that was not written to for so long belongs to a process that was killed."""
_TEMPORARY = r"\.{}\.[0-9a-f]{{8}}\.tmp"


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at `path` at once; it and the directories made for it are the user's alone."""
    _make_private(path.parent)
    remove_temporaries(path, STALE_SECONDS)
    temporary = temporary_name(path)
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


def temporary_name(path: Path) -> Path:
    """Return a new name in the directory of `path`, for what will be renamed to `path`."""
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")


def find_temporaries(path: Path, older_than: float = 0.0) -> Iterator[Path]:
    """Yield the temporary files of `path` whose last write is `older_than` seconds ago or more."""
    pattern = re.compile(_TEMPORARY.format(re.escape(path.name)))
    with suppress(OSError):
        for found in path.parent.iterdir():
            if pattern.fullmatch(found.name) and time.time() - found.lstat().st_mtime >= older_than:
                yield found


def remove_temporaries(path: Path, older_than: float = 0.0) -> None:
    """Remove what killed processes left of the writes to `path`."""
    for found in find_temporaries(path, older_than):
        with suppress(OSError):
            found.unlink()


def _make_private(directory: Path) -> None:
    missing = [one for one in (directory, *directory.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
