"""Whether what a server was started for is still there, and its own code.

A directory that is gone is never made again by its server. Code that was removed or replaced ends it too: what it has
not imported yet, and its worker processes, would be missing or of another version.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

LAST_SECONDS = 15.0
PACKAGES = ("agent_brain_server", "agent_brain_client", "agent_brain_contract")
_Identity = tuple[int, ...]


class Presence:
    """The places that a server has: each must stay the file or directory that it is now."""

    def __init__(self, places: Iterable[Path]) -> None:
        self._held = {place: _identity(place) for place in places}

    def add(self, places: Iterable[Path]) -> None:
        """Hold these too, as they are now."""
        self._held.update((place, _identity(place)) for place in places)

    def lost(self) -> str:
        """Return in words which place is gone or is another file now; empty while all are there."""
        for place, identity in self._held.items():
            now = _identity(place)
            if now is None:
                return f"{place} is gone"
            if now != identity:
                return f"another file is in the place of {place}"
        return ""


class CodePresence:
    """The code that this process runs, as it was when it began: its files and its Python."""

    def __init__(self) -> None:
        self._places = Presence([Path(sys.executable), Path(sys.prefix), *code_directories()])
        self._files = {file: _version(file) for one in code_directories() for file in sorted(one.rglob("*.py"))}

    def lost(self) -> str:
        """Return in words what is gone or was replaced; empty while all is as it was."""
        if lost := self._places.lost():
            return lost
        for file, version in self._files.items():
            now = _version(file)
            if now is None:
                return f"{file} is gone"
            if now != version:
                return f"{file} was replaced"
        return ""


def code_directories() -> list[Path]:
    """Return the directories of the packages that a server is made of, its own first."""
    specs = filter(None, map(find_spec, PACKAGES))
    return [Path(place) for spec in specs for place in spec.submodule_search_locations or ()]


def _identity(place: Path) -> _Identity | None:
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _version(file: Path) -> _Identity | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def end_at_last() -> None:
    """Let this process end within LAST_SECONDS, even if its threads wait for something."""
    last = threading.Timer(LAST_SECONDS, os._exit, [1])
    last.daemon = True
    last.start()
