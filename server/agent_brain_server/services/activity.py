"""When somebody last asked for something, and when the server may stop for want of it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Activity:
    """`idle_seconds` 0 never stops. A `busy` server is never idle."""

    def __init__(
        self, idle_seconds: float, busy: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_seconds = idle_seconds
        self._busy = busy
        self._clock = clock
        self._last = clock()

    def touch(self) -> None:
        """Note a request."""
        self._last = self._clock()

    def seconds_left(self) -> float | None:
        """Return the time until the idle stop; None where that is off."""
        if not self._idle_seconds:
            return None
        if self._busy():
            self.touch()
        return max(0.0, self._last + self._idle_seconds - self._clock())
