"""`python watched_loop.py RECORDS ARGUMENTS…`: the server, with every callback of its event loop timed.

What asyncio's debug mode logs as slow callbacks is written to RECORDS without debug mode's own costs, a JSON object a
line: `at` (seconds of the monotonic clock), `wall` and `cpu` (seconds of the callback and of the loop's thread in it)
and `what`. Calls that may block, as Python's audit events name them, are written with `call` and `where` in place of
the times.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

SLOW_SECONDS = 0.05
BLOCKING = frozenset(
    """
    open os.listdir os.scandir os.remove os.rename os.mkdir os.truncate os.system subprocess.Popen socket.connect
    socket.getaddrinfo sqlite3.connect time.sleep fcntl.flock fcntl.lockf import
    """.split()
)
_SHOWN_FRAMES = 4


class LoopWatch:
    """Times callbacks in the main thread and notes the blocking calls in them."""

    def __init__(self, records: Path) -> None:
        self._records = records.open("a", encoding="utf-8", buffering=1)
        self._run = asyncio.Handle._run
        self._loop_thread = threading.get_ident()
        self._in_callback = False

    def install(self) -> None:
        """Watch all callbacks from now on."""
        watch = self

        def timed(handle: asyncio.Handle) -> None:
            watch.time(handle)

        asyncio.Handle._run = timed  # type: ignore[method-assign]
        sys.addaudithook(self._note_call)

    def time(self, handle: asyncio.Handle) -> None:
        """Run one callback, and record it if it was slow."""
        if threading.get_ident() != self._loop_thread:
            self._run(handle)
            return
        self._in_callback = True
        wall, cpu = time.monotonic(), time.thread_time()
        self._run(handle)
        wall_seconds, cpu_seconds = time.monotonic() - wall, time.thread_time() - cpu
        self._in_callback = False
        if wall_seconds >= SLOW_SECONDS:
            self._write(at=wall, wall=wall_seconds, cpu=cpu_seconds, what=repr(handle))

    def _note_call(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in BLOCKING and self._in_callback and threading.get_ident() == self._loop_thread:
            self._in_callback = False  # what is called to record it is not recorded
            frames = traceback.extract_stack(limit=_SHOWN_FRAMES + 1)[:-1]
            where = " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
            self._write(at=time.monotonic(), call=f"{event} {str(arguments[:1])[:200]}", where=where)
            self._in_callback = True

    def _write(self, **record: object) -> None:
        self._records.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    LoopWatch(Path(sys.argv[1])).install()
    from agent_brain_server.process.serve import main

    sys.exit(main(sys.argv[2:]))
