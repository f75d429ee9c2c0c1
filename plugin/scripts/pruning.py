"""Removes environments that nothing uses any more: no process runs in them, no plugin that needs them is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from environment import KEY_LENGTH, key_of
from stamp import USERS

OURS = re.compile(rf"\.?[0-9a-f]{{{KEY_LENGTH}}}(\.new|\.lock|\.old\d*)?")
_PROCESSES = Path("/proc")


def prune(kept: Path) -> list[str]:
    """Remove what is not needed next to the environment `kept`, and return the names. The caller holds the lock."""
    directory = kept.parent
    found = [path for path in directory.iterdir() if path != kept and OURS.fullmatch(path.name)]
    if not found:
        return []
    running = _running(directory)
    unused = [path for path in found if path.name not in running and not _is_wanted(path)]
    for path in unused:
        _remove(path)
    return [path.name for path in unused if not path.exists()]


def _is_wanted(environment: Path) -> bool:
    """Return whether a plugin that has used it is still in its folder and would look for it under this name."""
    for note in (environment / USERS).glob("*"):
        with suppress(OSError):
            if key_of(Path(os.fsdecode(note.read_bytes()))) == environment.name:
                return True
    return False


def _remove(path: Path) -> None:
    """Remove it, renamed first, so that half of it is never found. One that cannot be removed stays."""
    with suppress(OSError):
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.name.startswith("."):
            shutil.rmtree(path)
        else:
            shutil.rmtree(path.replace(path.with_name(f".{path.name}.new")))


def _running(directory: Path) -> set[str]:
    """Return the names in `directory` of the environments that processes run in.

    An environment's Python is named by its path there: behind that link is a file that all of them share.
    """
    places = [place + os.sep for place in {str(directory), os.path.realpath(directory)}]
    programs = _programs_of_proc() if _PROCESSES.is_dir() else _programs_of_ps()
    return {
        program[len(place) :].partition(os.sep)[0]
        for program in programs
        for place in places
        if program.startswith(place)
    }


def _programs_of_proc() -> Iterator[str]:
    for process in _PROCESSES.iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                yield os.fsdecode((process / "cmdline").read_bytes().partition(b"\0")[0])


def _programs_of_ps() -> Iterator[str]:
    """Yield the programs that `ps` names. Windows has none; there a directory whose program runs cannot be renamed."""
    if sys.platform == "win32":
        return
    done = subprocess.run(["/bin/ps", "-axww", "-o", "args="], capture_output=True, check=True)
    yield from map(os.fsdecode, done.stdout.splitlines())
