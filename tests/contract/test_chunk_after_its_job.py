"""A passage that is read by its id waits for the short job for its file, and is what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.services.answering import refresh
from support.brain import Brain, write_files

FIRST = "def schedule_retry(delay):\n    return delay * 2\n"
SECOND = "def parse_header(line):\n    return line.split(':')\n"


async def test_the_first_read_after_a_change_is_fresh(
    brain: Brain, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "PATIENCE_SECONDS", 60.0)  # on a busy machine a short job takes longer
    write_files(root, {"retry.py": FIRST + "\n\n" + SECOND})
    await brain.index()
    (found,) = await brain.search("parse header", mode="bm25", top_k=1)
    write_files(root, {"retry.py": FIRST + "\n\n# one more line\n\n\n" + SECOND})
    chunk = await brain.call("GET", f"/query/chunk/{found['chunk_id']}")
    assert not chunk["stale"]
    lines = (root / "retry.py").read_text().splitlines()
    assert "def parse_header(line):" in lines[chunk["start_line"] - 1 : chunk["end_line"]]
