"""httpx without its own command line, whose imports (click, rich, pygments) would take a third of a search's time."""

from __future__ import annotations

import sys

_needless = "click" not in sys.modules and "httpx" not in sys.modules
if _needless:
    sys.modules["click"] = None  # type: ignore[assignment]  # makes its import fail, which httpx allows for
try:
    import httpx
finally:
    if _needless:
        del sys.modules["click"]

__all__ = ["httpx"]
