"""`python -m agent_brain_server --project ROOT`, and `python -m agent_brain_server storage|settings|try …`."""

from __future__ import annotations

import gc
import os
import sys

DAMAGED = 2


def run() -> int:
    """Do what the arguments say; a package that cannot be imported ends it in a sentence."""
    try:
        return _run()
    except ImportError as error:
        print(f"agent-brain: the installation is damaged ({error}). Run: agent-brain doctor", file=sys.stderr)
        return DAMAGED


def _run() -> int:
    """Serve, move an index, explain the settings, or try what is to be set.

    Importing makes much that lives and little that dies, so the collector rests until the server is ready.
    """
    # NumPy's products are small here, and its other threads spin while they wait. Worker processes inherit this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.argv[1:2] == ["storage"]:
        from agent_brain_server.commands.storage import main as move

        return move(sys.argv[2:])
    if sys.argv[1:2] == ["settings"]:
        from agent_brain_server.commands.settings import main as explain

        return explain(sys.argv[2:])
    if sys.argv[1:2] == ["try"]:
        from agent_brain_server.commands.trial import main as try_answers

        return try_answers()
    gc.disable()
    from agent_brain_server.process.serve import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
