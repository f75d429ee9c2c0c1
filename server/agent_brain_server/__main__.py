"""`python -m agent_brain_server --project ROOT`, and `python -m agent_brain_server storage copy|verify`."""

from __future__ import annotations

import gc
import sys


def run() -> int:
    """Serve, or move an index.

    Importing makes much that lives and little that dies, so the collector rests until the server is ready.
    """
    if sys.argv[1:2] == ["storage"]:
        from agent_brain_server.storage_command import main as move

        return move(sys.argv[2:])
    gc.disable()
    from agent_brain_server.serve import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
