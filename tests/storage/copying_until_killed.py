"""A copy that ends itself with SIGKILL at a given statement: `python copying_until_killed.py ROOT STATEMENT ENTRY`.

The ends are in the environment (COPY_FROM, COPY_TO). A copy that comes to its end prints how many statements it took.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_brain_server.services.copying.copy import Progress, copy
from agent_brain_server.storage.factory import create_endpoint
from agent_brain_server.storage.postgres.session import Session as PostgresSession
from agent_brain_server.storage.sqlite.session import Session as SqliteSession

PAGE_ROWS = 12


def count_statements(dies_at: int) -> Callable[[], int]:
    """Count every statement of either side, of any kind, from now on."""
    done = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **values: Any) -> Any:
            nonlocal done
            done += 1
            if done == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*arguments, **values)

        return call

    for session, names in (
        (SqliteSession, ("run", "run_many", "commit")),
        (PostgresSession, ("_run", "copy", "define", "execute")),
    ):
        for name in names:
            setattr(session, name, counted(getattr(session, name)))
    return lambda: done


if __name__ == "__main__":
    root, statement, entry = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    ends = [create_endpoint(os.environ[name], root) for name in ("COPY_FROM", "COPY_TO")]
    total = count_statements(statement)
    asyncio.run(copy(*ends, entry, Progress(), page_rows=PAGE_ROWS))  # type: ignore[arg-type]
    print(total())
