"""Trying again what may work later: how long to wait, and when to give up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[object]]


class TransientError(Exception):
    """An attempt failed in a way that may pass. `wait_seconds` is how long the other side asked to wait, if it did;
    `status` is what it answered, 0 for nothing."""

    def __init__(self, reason: str, wait_seconds: float | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds
        self.status = status


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits `first_seconds`, then twice as long each time, half of it by chance so that clients do not come together.

    A longer wait that the other side asks for is kept, up to `longest_asked_seconds`: beyond it there is no retry.
    """

    retries: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    longest_asked_seconds: float = 120.0
    sleep: Sleep = asyncio.sleep

    def seconds(self, failures: int, asked: float | None) -> float:
        """Return how many seconds to wait after that many failures."""
        most = min(self.longest_seconds, self.first_seconds * 2.0 ** (failures - 1))
        return max(random.uniform(most / 2, most), asked or 0.0)  # noqa: S311 - not for secrets


async def retried(attempt: Callable[[], Awaitable[Result]], backoff: Backoff) -> Result:
    """Return the first result of `attempt`. Raise the last TransientError when it is not to be tried again."""
    failures = 0
    while True:
        try:
            return await attempt()
        except TransientError as error:
            failures += 1
            asked = error.wait_seconds
            if failures > backoff.retries or (asked or 0.0) > backoff.longest_asked_seconds:
                raise
        await backoff.sleep(backoff.seconds(failures, asked))


def retry_after_seconds(header: str) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, as a number or a date (RFC 9110); None without."""
    text = header.strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
