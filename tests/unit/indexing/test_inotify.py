"""Watching on Linux: links, what comes and moves, and the limits of the system."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.file_events import file_events
from support.watching import LIMITS, reported_by, watching, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these are the events of Linux")


async def test_a_link_to_a_directory_hides_no_change_in_it(tmp_path: Path) -> None:
    write(tmp_path, "packages/core/a.py", "node_modules/left.js", "links/readme.md")
    for link in ("node_modules/core", "links/core", "zlinks"):
        (tmp_path / link).symlink_to(tmp_path / "packages/core")
    assert await reported_by(tmp_path, lambda: write(tmp_path, "packages/core/a.py")) == {"packages/core/a.py"}


async def test_a_link_that_goes_ends_no_watch(tmp_path: Path) -> None:
    write(tmp_path, "packages/core/a.py", "copied/readme.md")
    (tmp_path / "copied/core").symlink_to(tmp_path / "packages/core")
    async with watching(tmp_path) as reported:
        shutil.copytree(tmp_path / "copied", tmp_path / "copy", symlinks=True)
        await reported.until("copy/readme.md")
        shutil.rmtree(tmp_path / "copy")
        (tmp_path / "copied/core").unlink()
        await reported.until("copy", "copied/core")
        write(tmp_path, "packages/core/a.py", "packages/core/b.py")
        await reported.until("packages/core/a.py", "packages/core/b.py")


async def test_what_comes_later_is_watched_in_depth(tmp_path: Path) -> None:
    write(tmp_path, "project/.gitignore", "outside/src/deep/a.py", "hidden/a.py")
    project = tmp_path / "project"
    async with watching(project) as reported:
        write(project, "one/two/three/a.py")
        (tmp_path / "outside/src").rename(project / "src")
        await reported.until("one/two/three/a.py", "src/deep/a.py")
        write(project, "one/two/three/b.py", "one/two/b.py", "src/deep/b.py")
        await reported.until("one/two/three/b.py", "one/two/b.py", "src/deep/b.py")


async def test_a_renamed_directory_is_told_by_its_new_name(tmp_path: Path) -> None:
    write(tmp_path, "project/old/deep/a.py", "project/moved/deep/a.py")
    project = tmp_path / "project"
    async with watching(project) as reported:
        (project / "old").rename(project / "older")
        (project / "older").rename(project / "new")
        (project / "moved").rename(tmp_path / "moved")
        await reported.until("old", "new/deep/a.py", "moved")
        reported.paths.clear()
        write(tmp_path, "project/new/deep/b.py", "moved/deep/b.py")
        await reported.until("new/deep/b.py")
        assert reported.paths == {"new/deep/b.py"}


async def test_what_new_rules_let_in_is_watched(tmp_path: Path) -> None:
    write(tmp_path, "build/deep/a.py", "out/deep/a.py", text="x")
    write(tmp_path, ".gitignore", ".git/info/exclude", text="build/\nout/\n")
    async with watching(tmp_path) as reported:
        write(tmp_path, ".gitignore", text="out/\n")
        write(tmp_path, ".git/info/exclude", text="out/\n")
        await reported.until("./", ".gitignore")
        write(tmp_path, "build/deep/a.py", "out/deep/a.py")
        await reported.until("build/deep/a.py")
        write(tmp_path, ".git/info/exclude", ".gitignore", text="")
        await asyncio.sleep(0.3)
        write(tmp_path, "out/deep/a.py")
        await reported.until("out/deep/a.py")


async def test_a_repository_that_is_made_later_has_rules(tmp_path: Path) -> None:
    async with watching(tmp_path) as reported:
        write(tmp_path, ".git/HEAD", ".git/info/exclude", "a.py")
        await reported.until("a.py")
        write(tmp_path, ".git/info/exclude", text="b.py")
        await reported.until("./")


def test_more_changes_than_the_system_remembers_are_looked_for(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 100_000:
        pytest.skip(f"this system remembers {most} changes")
    tree = FileTree(tmp_path, [Folder(".")], LIMITS)
    events = file_events(tree, threading.Event(), 100)
    assert next(events) == {}
    for _ in range(most // 2 + 10):
        os.utime(tmp_path / "a.py")
        os.utime(tmp_path / "b.py")
    write(tmp_path, "lost/deep/a.py")
    reported = [next(events) for _ in range(2)]
    assert any("overflow" in happened.get(tmp_path.as_posix(), ()) for happened in reported), reported
    write(tmp_path, "lost/deep/b.py")
    assert f"{tmp_path.as_posix()}/lost/deep/b.py" in next(events)


def test_a_system_that_watches_no_more_says_which_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("inotify_simple.INotify.add_watch", full)
    events = file_events(FileTree(tmp_path, [Folder(".")], LIMITS), threading.Event(), 100)
    with pytest.raises(OSError, match=r"max_user_watches"):
        next(events)
