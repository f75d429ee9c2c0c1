"""The detached server's log: for the owner's eyes alone, bounded, and read back when a start fails.

Two files at most: `server.log`, and what it was before it grew too long. Who writes appends, so that all may write.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent_brain_contract.errors import UnsafeStateError
from agent_brain_contract.regular_files import open_regular_file

LONGEST = 1_000_000
"""Bytes in each of the two files."""
_SENTENCE = "agent-brain: "
_PRIVATE = 0o700


def log_path(state: Path) -> Path:
    """Return where the server's output goes."""
    return state / "logs" / "server.log"


def older_path(state: Path) -> Path:
    """Return what the log was before it grew too long."""
    return state / "logs" / "server.log.1"


def open_log(state: Path) -> int:
    """Return a descriptor that appends to the log; a log that is too long becomes the older one first.

    The directory is made for the owner alone, the file too. Raise UnsafeStateError, which names what is in the way,
    where a link, a pipe or anything else is in the place of one of them.
    """
    directory, path = log_path(state).parent, log_path(state)
    with suppress(FileExistsError):
        directory.mkdir(mode=_PRIVATE)
    _require(directory, stat.S_ISDIR, "directory")
    if stat.S_IMODE(directory.stat().st_mode) & ~_PRIVATE:
        directory.chmod(_PRIVATE)
    for file in (path, older_path(state)):
        _require(file, stat.S_ISREG, "regular file")
    if path.exists() and path.stat().st_size > LONGEST:
        path.replace(older_path(state))
    return append_to(path)


def append_to(path: Path) -> int:
    """Return a descriptor that appends to `path`, made for the owner alone if it is not there. Follow no link."""
    return open_regular_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))


def empty(path: Path) -> None:
    """Empty the regular file at `path`. Follow no link."""
    descriptor = open_regular_file(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _require(path: Path, is_kind: Callable[[int], bool], kind: str) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not is_kind(mode):
            remove = "rm -r" if stat.S_ISDIR(mode) else "rm"
            raise UnsafeStateError(
                f"{path} is not a {kind}, so no log can be written there. Run: {remove} {shlex.quote(str(path))}"
            )


def last_sentence(state: Path, offset: int) -> str:
    """Return why the server did not start, in its words: what it wrote after `offset`, else its last line if any."""
    try:
        with os.fdopen(open_regular_file(log_path(state)), "rb") as log:
            log.seek(offset)
            written = log.read(LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""
    # The lines of a traceback are indented: none of them is taken for the server's own sentence.
    lines = [line.rstrip() for line in written.split("\n") if line.strip()]
    said = [line for line in lines if line.startswith(_SENTENCE)]
    return said[-1].removeprefix(_SENTENCE) if said else (lines[-1].lstrip() if lines else "")
