"""Work that may start on the event loop or beside the index (`SearchStore.beside`), where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def off_loop(function: Callable[..., Result], *arguments: object) -> Result:
    """What `function` returns, which may take long or ask the file system: in a thread, unless this is one."""
    return await asyncio.to_thread(function, *arguments) if _on_loop() else function(*arguments)


async def together(*work: Coroutine[Any, Any, Result]) -> list[Result]:
    """What each returns, all at once where they can wait, else one after the other."""
    return list(await asyncio.gather(*work)) if _on_loop() else [await each for each in work]


def _on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
