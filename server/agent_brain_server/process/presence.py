"""Whether what a server was started for is still there: a directory that is gone is never made again by its server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

LAST_SECONDS = 40.0
_Identity = tuple[int, int]


class Presence:
    """The places that a server has: each must stay the file or directory that it was."""

    def __init__(self, places: Iterable[Path]) -> None:
        self._held = {place: _identity(place) for place in places}

    def lost(self) -> str:
        """Return in words which place is gone or is another file now; empty while all are there."""
        for place, identity in self._held.items():
            now = _identity(place)
            if now != identity:
                return f"{place} is gone" if now is None else f"another file is in the place of {place}"
        return ""


def _identity(place: Path) -> _Identity | None:
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def end_at_last() -> None:
    """Let this process end within LAST_SECONDS, whatever its threads wait for."""
    last = threading.Timer(LAST_SECONDS, os._exit, [1])
    last.daemon = True
    last.start()
