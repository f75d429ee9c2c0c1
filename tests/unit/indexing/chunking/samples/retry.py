"""Delays between attempts."""

from __future__ import annotations

import functools

from .tracing import traced

LIMIT = 5
DEFAULTS = {
    "first": 0.1,
    "factor": 2.0,
    "jitter": 0.5,
}


# Called by the client
# before each attempt.
def next_delay(attempt: int, *, first: float = 0.1) -> float:
    return functools.reduce(max, [first], attempt)


class Retry:
    """Tries again.

    At most `limit` times.
    """

    # PAD

    limit = LIMIT

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit

    @property
    @traced
    def last(
        self,
    ) -> int:
        """The number of the last attempt."""
        return self.limit - 1

    class Policy:
        def allows(self, attempt: int) -> bool:
            return attempt < 3

    async def run(self, action):
        # one try, then more
        return await action()


if True:

    def guarded() -> None:
        pass
