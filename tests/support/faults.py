"""What goes wrong on real machines, made to order: full and read-only disks, taken ports, hungry processes."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil
import pytest

MEGABYTE = 1024 * 1024


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this user cannot mount: {done.stderr.strip()}")


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[None]:
    """`directory` lies on a disk of its own of this size."""
    directory.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(directory))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Nothing beneath `directory` can be written, not even by root."""
    _mount("--bind", str(directory), str(directory))
    try:
        _mount("-o", "remount,ro,bind", str(directory))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def fill_disk(directory: Path, leave: int = 0) -> Path:
    """A file that takes all the space but `leave` bytes."""
    filler = directory / "filler.bin"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))
    size = filler.stat().st_size
    if leave:
        os.truncate(filler, size - leave)
    return filler


class PeakMemory:
    """Samples a process and its children while it is entered; `megabytes` is the most they held together.

    Pages that several of them share count once (PSS), where the system reports it.
    """

    def __init__(self, pid: int) -> None:
        self.megabytes = 0.0
        self._process = psutil.Process(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._end.wait(0.1):
            with suppress(psutil.NoSuchProcess):
                family = [self._process, *self._process.children(recursive=True)]
                self.megabytes = max(self.megabytes, sum(map(_held, family)) / MEGABYTE)


def _held(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return 0


def undecodable_name(directory: Path) -> Path | None:
    """A file whose name is not UTF-8, or None where the file system has no such names."""
    path = os.fsencode(directory) + b"/caf\xe9.py"
    try:
        with open(path, "wb") as file:  # noqa: PTH123 - a path in bytes
            file.write(b"undecodable = 1\n")
    except OSError:
        return None
    return Path(os.fsdecode(path))
