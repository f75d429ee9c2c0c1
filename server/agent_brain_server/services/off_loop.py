"""Work that may start on the event loop or beside the index (`SearchStore.beside`), where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def off_loop(function: Callable[..., Result], *arguments: object) -> Result:
    """What `function` returns, which may take long or ask the file system: in a thread, unless this is one."""
    return await asyncio.to_thread(function, *arguments) if _on_loop() else function(*arguments)


def _on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
