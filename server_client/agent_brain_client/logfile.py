"""The detached server's log: for the owner's eyes alone, bounded, and read back when a start fails."""

from __future__ import annotations

import os
from pathlib import Path

from agent_brain_contract.regular_files import open_regular_file

LONGEST = 1_000_000
KEPT = 500_000
_SENTENCE = "agent-brain: "


def log_path(state: Path) -> Path:
    """Where the server's output goes."""
    return state / "logs" / "server.log"


def open_log(state: Path) -> int:
    """A descriptor that appends to the log, which is created 0600 and trimmed first when it has grown too long."""
    path = log_path(state)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _trim(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return open_regular_file(path, flags)


def _trim(path: Path) -> None:
    """Keep the last lines of a log that is too long. A server that still writes to the old file loses nothing."""
    if not path.is_file() or path.stat().st_size <= LONGEST:
        return
    with path.open("rb") as log:
        log.seek(-KEPT, os.SEEK_END)
        tail = log.read().partition(b"\n")[2]
    shorter = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as log:
        log.write(tail)
    shorter.replace(path)


def last_sentence(state: Path, offset: int) -> str:
    """The server's own word on why it did not start: what it wrote after `offset`, else its last line, else nothing."""
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
