"""The right to write the index, kept alive while it is held."""

from __future__ import annotations

import asyncio
import logging
import time

from agent_brain_server.domain.jobs import LEASE_SECONDS
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.protocol import WriteLease

log = logging.getLogger(__name__)

RENEWALS = 3  # so often it is renewed before it would end


class Lease:
    """The store's lease, as one process holds it. A store that is not shared needs none: there it is always held.

    `held` is judged by our own clock from when a renewal was asked for, so that it ends here before it does in the
    database, also while that cannot be reached.
    """

    def __init__(self, lease: WriteLease) -> None:
        self._lease = lease
        self._until = 0.0
        self._released = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None

    @property
    def held(self) -> bool:
        """Return whether no other process can be writing now."""
        return not self._lease.shared or time.monotonic() < self._until

    async def acquire(self) -> bool:
        """Take it, or prolong it; return False while another process has it."""
        if not self._lease.shared:
            return True
        asked = time.monotonic()
        if not await self._lease.acquire():
            await self.expire()
            return False
        self._until = asked + LEASE_SECONDS
        if self._renewing is None or self._renewing.done():
            self._released.clear()
            self._renewing = asyncio.create_task(self._keep(), name="lease")
        return True

    async def release(self) -> None:
        """Let others write. Where the database cannot be reached, the lease ends by itself."""
        if self._renewing is None:
            return
        await self.expire()
        try:
            await self._lease.release()
        except StorageError as error:
            log.info("the lease was not released, it ends within %g s: %s", LEASE_SECONDS, error)

    async def expire(self) -> None:
        """Let it end by itself; it can be acquired again at once where no other process has taken it."""
        self._until = 0.0
        self._released.set()
        if self._renewing is not None:
            await self._renewing
            self._renewing = None

    async def _keep(self) -> None:
        while not await self._is_released(LEASE_SECONDS / RENEWALS):
            asked = time.monotonic()
            try:
                if not await self._lease.renew():
                    self._until = 0.0
                    return
            except StorageError as error:
                log.info("the lease was not renewed: %s", error)
            else:
                self._until = asked + LEASE_SECONDS

    async def _is_released(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._released.wait()
        except TimeoutError:
            return False
