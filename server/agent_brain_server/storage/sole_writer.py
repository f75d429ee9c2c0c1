"""The lease of an index that one process alone can write."""

from __future__ import annotations


class SoleWriter:
    """A `WriteLease` that is always to be had."""

    shared = False

    async def acquire(self) -> bool:
        return True

    async def renew(self) -> bool:
        return True

    async def release(self) -> None:
        """Do nothing: no other process could take it."""
