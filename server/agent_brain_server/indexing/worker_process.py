"""What a worker process does first. It imports little: asyncio alone would take a third of its start."""

from __future__ import annotations

import multiprocessing
import os
import threading

from agent_brain_server.garbage import collect_seldom
from agent_brain_server.log_lines import log_to_stderr


def begin() -> None:
    """End when the server ends, even if that was killed, and spend little on garbage."""
    log_to_stderr("warning")
    threading.Thread(target=_end_with_server, name="end-with-server", daemon=True).start()
    collect_seldom()


def _end_with_server() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
