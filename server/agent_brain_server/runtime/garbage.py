"""The thresholds of garbage collection."""

from __future__ import annotations

import gc

NEW_CONTAINERS = 20_000


def collect_seldom() -> None:
    """Call it once all is imported: what is there lives as long as the process, and is not looked at again.

    What is made from now on are mostly tuples without cycles, thousands at a time; Python's own pace of one look for
    700 new containers would take a twentieth of an indexing job.
    """
    gc.freeze()
    gc.set_threshold(NEW_CONTAINERS)
    gc.enable()
