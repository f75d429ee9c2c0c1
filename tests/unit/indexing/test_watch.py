"""The watcher on real files: what is reported, what is not, and that nothing is left behind.

All of it also by the events of other systems, whose library is here for the tests alone.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching import watch as watch_module
from agent_brain_server.indexing.watching.file_events import file_events, recursive_events
from agent_brain_server.indexing.watching.watch import watch
from support.watching import LIMITS, reported_by, watching, write


@pytest.fixture(autouse=True, params=[file_events, recursive_events], ids=["own", "recursive"])
def _events(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "file_events", request.param)


async def test_new_changed_and_deleted_files_are_told(tmp_path: Path) -> None:
    write(tmp_path, "changed.py", "deleted.py", "same.py", "renamed.py")

    def act() -> None:
        write(tmp_path, "new.py", "changed.py")
        (tmp_path / "deleted.py").unlink()
        (tmp_path / "renamed.py").rename(tmp_path / "moved.py")

    assert await reported_by(tmp_path, act) == {"new.py", "changed.py", "deleted.py", "renamed.py", "moved.py"}


async def test_a_file_replaced_as_editors_do_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.py")

    def act() -> None:
        write(tmp_path, "a.py.new", text="y")
        (tmp_path / "a.py.new").replace(tmp_path / "a.py")

    assert "a.py" in await reported_by(tmp_path, act)


async def test_ignored_paths_are_never_told(tmp_path: Path) -> None:
    write(tmp_path, "build/a.o.txt", "node_modules/x.js", "a.log", ".env", ".git/HEAD", ".claude/agent-brain/index.db")
    write(tmp_path, ".gitignore", text="build/\n*.log\n")

    def act() -> None:
        write(tmp_path, "build/b.txt", "node_modules/y/z.js", "a.log", "b.log", ".env", ".git/index", "pic.png")
        write(tmp_path, ".claude/agent-brain/index.db", "build/deep/c.txt")
        (tmp_path / "a.log").unlink()
        shutil.rmtree(tmp_path / "build")
        shutil.rmtree(tmp_path / "node_modules")

    assert await reported_by(tmp_path, act) == set()


async def test_a_directory_that_comes_is_told_by_its_files(tmp_path: Path) -> None:
    write(
        tmp_path, "outside/src/a.py", "outside/src/deep/b.py", "outside/src/c.log", "project/.gitignore", text="*.log\n"
    )
    project = tmp_path / "project"
    reported = await reported_by(project, lambda: (tmp_path / "outside/src").rename(project / "src"))
    assert reported == {"src/a.py", "src/deep/b.py"}


async def test_a_directory_that_goes_is_told(tmp_path: Path) -> None:
    write(tmp_path, "project/src/a.py")
    project = tmp_path / "project"
    assert await reported_by(project, lambda: (project / "src").rename(tmp_path / "gone")) == {"src"}
    write(project, "src/a.py")
    assert {"src", "src/a.py"} == await reported_by(project, lambda: shutil.rmtree(project / "src"))


async def test_changed_rules_name_their_directory(tmp_path: Path) -> None:
    write(tmp_path, "src/a.py", ".git/HEAD", ".git/info/exclude")

    def act() -> None:
        write(tmp_path, "src/.gitignore", text="a.py\n")
        write(tmp_path, ".agent-brainignore", text="x\n")

    assert await reported_by(tmp_path, act) == {"src/", "src/.gitignore", "./", ".agent-brainignore"}
    assert await reported_by(tmp_path, lambda: write(tmp_path, ".git/info/exclude")) == {"./"}


async def test_a_file_that_is_no_longer_taken_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py", "c")

    def act() -> None:
        write(tmp_path, "a.py", text="x" * 1001)
        (tmp_path / "b.py").unlink()
        (tmp_path / "b.py").symlink_to("a.py")
        (tmp_path / "c").unlink()
        write(tmp_path, "c/d.py")

    assert await reported_by(tmp_path, act) == {"a.py", "b.py", "c", "c/d.py"}


async def test_folders_outside_and_inside_of_each_other(tmp_path: Path) -> None:
    write(tmp_path, "shared/a.py", "project/src/b.py")
    project, shared = tmp_path / "project", tmp_path / "shared"

    def act() -> None:
        write(shared, "a.py", "a.md")
        write(project, "src/b.py", "src/b.md")

    folders = Folder("."), Folder("../shared"), Folder("src", include=("*.py",)), Folder("gone")
    assert await reported_by(project, act, *folders) == {
        (shared / "a.py").as_posix(),
        (shared / "a.md").as_posix(),
        "src/b.py",
    }


async def test_a_burst_is_one_batch(tmp_path: Path) -> None:
    async with watching(tmp_path) as reported:
        write(tmp_path, *(f"{number}.py" for number in range(50)))
        await reported.until(*(f"{number}.py" for number in range(50)))
        assert reported.batches <= 3


async def test_without_a_folder_it_waits_for_the_end(tmp_path: Path) -> None:
    async with watching(tmp_path, Folder("gone")) as reported:
        await asyncio.sleep(0)
    assert reported.batches == 0


def test_no_thread_is_left_however_it_ends(tmp_path: Path) -> None:
    before = threading.active_count()

    async def stopped() -> None:
        async with watching(tmp_path):
            assert threading.active_count() == before + 1

    async def cancelled() -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        batches = watch(FileTree(tmp_path, [Folder(".")], LIMITS), stop, ready=ready)
        listening = asyncio.create_task(anext(batches))
        await ready.wait()
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        assert not stop.is_set()

    for end in (stopped, cancelled):
        asyncio.run(end())
        assert threading.active_count() == before


def test_a_server_that_does_not_watch_does_not_load_the_library() -> None:
    code = "import sys, agent_brain_server.indexing.watching.watch; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"watchfiles", "inotify_simple"} & set(loaded)
