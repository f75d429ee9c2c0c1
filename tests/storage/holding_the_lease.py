"""A process that takes the lease of the project at `argv[2]` in the database `argv[1]`, says so, and keeps it."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.factory import create_store


async def main(url: str, root: Path) -> None:
    store = create_store(url, root, EmbeddingModel("test-model", 8, "words"), "1")
    await store.open()
    print(await store.lease.acquire(), flush=True)
    time.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
