"""Memory that a job has left behind."""

from __future__ import annotations

import ctypes
import gc
import sys


def trim() -> None:
    """Return free memory to the system.

    A job's allocations lie between those of the searches meanwhile, so that glibc keeps more of it with every job.
    """
    gc.collect()
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if malloc_trim is not None:
            malloc_trim(0)
