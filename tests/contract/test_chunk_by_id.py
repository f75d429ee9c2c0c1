"""A passage that is read by its id: what is found while its file is brought up to date is what is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.brain import Brain, write_files

FIRST = "def schedule_retry(delay):\n    return delay * 2\n"
SECOND = "def parse_header(line):\n    return line.split(':')\n"


async def passage(brain: Brain, query: str) -> str:
    (found,) = await brain.search(query, mode="bm25", top_k=1)
    return str(found["chunk_id"])


async def test_a_passage_of_a_changed_file_is_answered_as_it_is_after_its_job(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.py": FIRST + "\n\n" + SECOND})
    await brain.index()
    chunk_id = await passage(brain, "parse header")
    write_files(root, {"retry.py": FIRST + "\n\n# one more line\n\n\n" + SECOND})
    async with asyncio.timeout(30):  # a read waits for a short job only, and a busy machine makes it a long one
        while (chunk := await brain.call("GET", f"/query/chunk/{chunk_id}"))["stale"]:
            await asyncio.sleep(0.02)
    lines = (root / "retry.py").read_text().splitlines()
    assert "def parse_header(line):" in lines[chunk["start_line"] - 1 : chunk["end_line"]]


async def test_a_passage_that_is_gone_from_its_file_is_stale(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.py": FIRST + "\n\n" + SECOND})
    await brain.index()
    chunk_id = await passage(brain, "parse header")
    write_files(root, {"retry.py": FIRST})
    chunk = await brain.call("GET", f"/query/chunk/{chunk_id}")
    assert chunk["stale"]
    assert "parse_header" in chunk["text"]
    async with asyncio.timeout(30):
        while (await brain.http.get(f"/query/chunk/{chunk_id}")).status_code != 404:
            await asyncio.sleep(0.02)
