"""`python -m agent_brain_server --project ROOT`."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Serve. Importing makes much that lives and little that dies, so the collector rests until the server is ready."""
    gc.disable()
    from agent_brain_server.serve import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
