"""The watcher follows what no event reports: directories that may be read again, and disks that come and go."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_brain_server.indexing.watching import mounts
from support.brain import Brain, ServerProcess, configure, write_files
from support.faults import small_disk
from support.permissions import BOUND

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="directories are watched one by one on Linux alone"),
    pytest.mark.timeout(300),
]

SOON_SECONDS = 60.0
MOUNTED = "36 35 98:0 / {} rw,noatime master:1 - nfs4 far:/export rw\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    write_files(project, {"open.py": "beacon_open = 1\n", "closed/deep/a.py": "beacon_a = 1\n"})
    configure(project, index={"watch": True})
    return project


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        time.sleep(0.05)


def found(server: ServerProcess, word: str) -> set[str]:
    query = {"query": word, "mode": "bm25", "top_k": 100}
    return {result["path"] for result in server.http.post("/query", json=query).json()["results"]}


@contextmanager
def closed(path: Path) -> Iterator[None]:
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(0o755)


def test_a_directory_that_may_be_read_again_is_indexed_and_watched(root: Path) -> None:
    with closed(root / "closed" / "deep"), ServerProcess(root, prefix=BOUND) as server:
        soon(lambda: found(server, "beacon open a") == {"open.py"})
        (root / "closed" / "deep").chmod(0o755)
        soon(lambda: found(server, "beacon open a") == {"open.py", "closed/deep/a.py"})
        write_files(root, {"closed/deep/b.py": "lantern_b = 1\n"})
        soon(lambda: found(server, "lantern") == {"closed/deep/b.py"})


def test_a_disk_that_is_mounted_again_is_watched_again(root: Path, tmp_path: Path) -> None:
    """Its device is another one each time; between, its place is an empty directory."""
    disk = tmp_path / "disk"
    with small_disk(disk, 1):
        write_files(disk, {"far.py": "lantern_far = 1\n"})
        with ServerProcess(root) as server:
            added = server.http.post("/index/folders", json={"path": str(disk)}).json()
            server.wait(added["job"]["id"])
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
            soon(lambda: len(server.http.get("/index/report").json()["problems"]) == 1)
            server.index()
            assert found(server, "lantern") == {f"{disk}/far.py"}
            mount(disk)
            write_files(disk, {"far.py": "lantern_far = 1\n", "near.py": "harbour_near = 1\n"})
            soon(lambda: found(server, "harbour") == {f"{disk}/near.py"})
            write_files(disk, {"late.py": "anchor_late = 1\n"})
            soon(lambda: found(server, "anchor") == {f"{disk}/late.py"})
            assert server.http.get("/index/report").json()["problems"] == []


def mount(disk: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(disk)], check=True)


async def test_a_network_disk_is_named_and_looked_through(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTED.format(str(root).replace(" ", "\\040")))
    monkeypatch.setattr(mounts, "MOUNTS", table)
    monkeypatch.setattr(mounts, "POLL_SECONDS", 0.2)
    monkeypatch.setattr("agent_brain_server.indexing.watching.watch.file_events", no_events)
    async with Brain(root) as brain:
        watcher = (await brain.call("GET", "/health/status"))["watcher"]
        assert watcher["state"] == "watching"
        assert f"no events come of changes made elsewhere in {root} (nfs4)" in watcher["detail"]
        assert watcher["detail"].endswith("run: agent-brain index")
        write_files(root, {"new.py": "harbour_new = 1\n"})
        await until(brain, "harbour", {"new.py"})
        (root / "new.py").unlink()
        (root / "open.py").write_text("harbour_open = 1\n")
        await until(brain, "harbour", {"open.py"})


def no_events(_tree: Any, stop: Any, _window: int) -> Iterator[dict[str, Any]]:
    """What such a disk reports: nothing, ten times a second."""
    while not stop.is_set():
        time.sleep(0.1)
        yield {}


async def until(brain: Brain, word: str, paths: set[str]) -> None:
    async with asyncio.timeout(SOON_SECONDS):
        while await brain.paths(word) != paths:
            await asyncio.sleep(0.1)
