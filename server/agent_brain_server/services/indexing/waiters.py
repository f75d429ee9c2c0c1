"""Callers that wait for the end of a job."""

from __future__ import annotations

import asyncio
from collections import deque

ENDED_KNOWN = 100


class JobWaiters:
    """Callers that wait for jobs which run in this process. The last ENDED_KNOWN jobs are known to have ended."""

    def __init__(self) -> None:
        self._events: dict[int, list[asyncio.Event]] = {}
        self._ended: deque[int] = deque(maxlen=ENDED_KNOWN)

    async def wait(self, job_id: int, seconds: float) -> bool:
        """Wait for the end of the job; return whether it came within the time, or was there already."""
        if job_id in self._ended:
            return True
        ended = asyncio.Event()
        self._events.setdefault(job_id, []).append(ended)
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return False
        finally:
            self._events[job_id].remove(ended)
            if not self._events[job_id]:
                del self._events[job_id]
        return True

    def wake(self, job_id: int) -> None:
        """Let those go on that wait for this job, which has ended."""
        self._ended.append(job_id)
        for waiter in self._events.get(job_id, ()):
            waiter.set()
