"""The standard streams: a process may be started without them, and what is written to them may be lost."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress


def open_missing_streams() -> None:
    """Open a stand-in for each standard stream that the process was started without.

    Its number would otherwise go to the next file that is opened, and an answer would be written into that. What is
    written to a missing stdout fails, as it must; a missing stdin is empty, and a missing stderr takes everything.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _occupy(number, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _occupy(number: int, flags: int) -> None:
    with suppress(OSError):
        os.fstat(number)
        return
    opened = os.open(os.devnull, flags)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)


def unwritten() -> str:
    """Return why what was printed cannot be written to stdout; empty if it can be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        why = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        return f"the answer cannot be written to stdout: {why}."
    return ""


def abandon_stdout() -> None:
    """Drop what is still buffered: it has no reader, and the interpreter would complain about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
