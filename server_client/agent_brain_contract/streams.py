"""The standard streams: a process may be started without them, and what is written to them may be lost."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any


class _Remembering(io.FileIO):
    """A descriptor that knows that a write to it has failed: who wrote may have passed over it, as argparse does."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """See `io.RawIOBase.write`."""
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


def remember_lost_output() -> None:
    """Let `unwritten` know of everything that could not be written to stdout, also where that is unbuffered."""
    stream = sys.stdout
    if stream is not sys.__stdout__ and getattr(stream, "name", None) != 1:
        return  # somebody else's, as in a test
    raw = _Remembering(stream.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=stream.isatty()
    )


def open_missing_streams() -> None:
    """Open a replacement for each standard stream that the process was started without.

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
    """Return why what was printed cannot be written to stdout; empty if it can be. Raise BrokenPipeError as it is."""
    failure = None
    try:
        sys.stdout.flush()
    except OSError as error:
        failure = error
    failure = failure or getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)
    if failure is None:
        return ""
    if isinstance(failure, BrokenPipeError):
        raise failure
    why = "it is closed" if failure.errno == errno.EBADF else failure.strerror or str(failure)
    return f"the answer cannot be written to stdout: {why}."


def abandon_stdout() -> None:
    """Drop what is still buffered: it has no reader, and the interpreter would complain about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
