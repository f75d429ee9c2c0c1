"""Why a job ends before it is done."""

from __future__ import annotations

from enum import Enum


class Interruption(Enum):
    """The reason; of several the first counts. Only a cancelled job has ended: any other goes on later."""

    CANCELLED = "it was cancelled"
    STOPPING = "the server stops"
    PAUSED = "another write comes first"
    LEASE_LOST = "the lease is lost"
    TAKEN_OVER = "another process has ended it or taken it over"


class JobInterruptedError(Exception):
    """A job was interrupted between two writes."""

    def __init__(self, reason: Interruption) -> None:
        super().__init__(reason.value)
        self.reason = reason
