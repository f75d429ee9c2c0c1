"""A folder inside another one: taking it away leaves what the outer one holds."""

from __future__ import annotations

import asyncio

from support.brain import Brain, write_files

FILES = {"a.py": "beacon_outer = 1\n", "docs/b.py": "beacon_inner = 1\n", "docs/skip.py": "beacon_skipped = 1\n"}


async def until_idle(brain: Brain) -> None:
    while any(job["state"] in ("queued", "running") for job in (await brain.call("GET", "/index/jobs"))["jobs"]):
        await asyncio.sleep(0.01)


async def test_a_removed_inner_folder_leaves_what_the_outer_one_takes(brain: Brain) -> None:
    write_files(brain.root, {**FILES, ".gitignore": ""})
    await brain.call("POST", "/index/folders", json={"path": ".", "exclude": ["docs/skip.py"]})
    await brain.call("POST", "/index/folders", json={"path": "docs"})
    await until_idle(brain)
    await brain.index()
    assert await brain.paths("beacon") == {"a.py", "docs/b.py", "docs/skip.py"}
    counts = {f["path"]: f["files"] for f in (await brain.call("GET", "/index/folders"))["folders"]}
    assert counts["docs"] == 2
    before = (await brain.call("GET", "/health/status"))["index"]["embedded_texts"]
    removed = await brain.call("DELETE", "/index/folders", params={"path": "docs"})
    await until_idle(brain)
    assert await brain.paths("beacon") == {"a.py", "docs/b.py"}
    await brain.index()
    assert await brain.paths("beacon") == {"a.py", "docs/b.py"}
    assert (await brain.call("GET", "/health/status"))["index"]["embedded_texts"] == before
    assert removed["kept_in"] == "."
    removed = await brain.call("DELETE", "/index/folders", params={"path": "."})
    assert "kept_in" not in removed
    assert await brain.paths("beacon") == set()
