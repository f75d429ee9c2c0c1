"""The index follows the files: while the server runs, and over a stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.brain import FINISHED, Brain, ServerProcess, configure, write_files

SOON_SECONDS = 60.0
RETRY = "def schedule_retry(delay):\n    return delay * 2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "ein Projekt"
    project.mkdir()
    configure(project, index={"watch": True})
    write_files(project, {"retry.py": RETRY, ".gitignore": "*.log\nbuild/\n"})
    return project


@pytest.fixture
def server(root: Path) -> Iterator[ServerProcess]:
    with ServerProcess(root) as running:
        soon(lambda: paths(running, "retry") == {"retry.py"})
        assert running.http.get("/health/status").json()["watcher"]["state"] == "watching"
        yield running


def paths(server: ServerProcess, query: str, *globs: str) -> set[str]:
    body = {"query": query, "mode": "bm25", "top_k": 200, "filters": {"paths": list(globs)}}
    response = server.http.post("/query", json=body)
    assert response.status_code == 200, response.text
    return {result["path"] for result in response.json()["results"]}


def soon(holds: Callable[[], bool]) -> None:
    """It comes to hold without anybody asking for it."""
    deadline = time.monotonic() + SOON_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        time.sleep(0.05)


def wait_for_jobs(server: ServerProcess) -> None:
    """Let a change that is to come after all come: a later one has arrived, and no job is left."""
    write_files(server.root, {"marker.md": f"marker {time.monotonic_ns()}x\n"})
    soon(lambda: "marker.md" in paths(server, "marker"))
    soon(lambda: all(job["state"] in FINISHED for job in server.http.get("/index/jobs").json()["jobs"]))


def test_a_saved_file_is_found_soon(server: ServerProcess) -> None:
    write_files(server.root, {"deep/new.py": "def parse_header(line):\n    return line\n"})
    soon(lambda: paths(server, "parse header") == {"deep/new.py"})


def test_a_changed_file_is_found_by_its_new_words_only(server: ServerProcess) -> None:
    write_files(server.root, {"retry.py": "def parse_header(line):\n    return line\n"})
    soon(lambda: paths(server, "parse") == {"retry.py"})
    assert paths(server, "schedule") == set()


def test_a_file_saved_by_renaming_is_found(server: ServerProcess) -> None:
    """As editors do it."""
    write_files(server.root, {"retry.py.tmp": "def parse_header(line):\n    return line\n"})
    (server.root / "retry.py.tmp").replace(server.root / "retry.py")
    soon(lambda: paths(server, "parse") == {"retry.py"} and paths(server, "schedule") == set())


def test_a_link_out_of_the_project_keeps_no_other_change_away(server: ServerProcess, tmp_path: Path) -> None:
    """A checkout brings such links and new files at once."""
    write_files(tmp_path, {"outside.py": "outside = 1\n"})
    (server.root / "link.py").symlink_to(tmp_path / "outside.py")
    write_files(server.root, {"beside.py": "beside_the_link = 1\n"})
    soon(lambda: paths(server, "beside") == {"beside.py"})
    assert paths(server, "outside") == set()


def test_a_workspace_that_links_to_its_own_packages_is_followed(root: Path) -> None:
    """As package managers lay it out: the packages of a repository are linked into node_modules."""
    write_files(root, {"packages/core/old.js": "function old() {}\n", "node_modules/left/index.js": "left()\n"})
    (root / "node_modules" / "core").symlink_to("../packages/core")
    configure(root, index={"watch": True})
    with ServerProcess(root) as server:
        soon(lambda: paths(server, "old") == {"packages/core/old.js"})
        write_files(root, {"packages/core/fresh.js": "function saved_just_now() {}\n"})
        soon(lambda: paths(server, "saved") == {"packages/core/fresh.js"})


def test_a_file_that_becomes_a_link_disappears(server: ServerProcess) -> None:
    write_files(server.root, {"new.py": "def parse_header(line):\n    return line\n"})
    soon(lambda: paths(server, "parse") == {"new.py"})
    (server.root / "link.py").symlink_to("new.py")
    (server.root / "link.py").replace(server.root / "retry.py")
    soon(lambda: server.http.get("/health/status").json()["index"]["files"] == 2)  # no question brings it up to date
    assert paths(server, "parse") == {"new.py"}


def test_a_deleted_file_and_a_deleted_directory_disappear(server: ServerProcess) -> None:
    write_files(server.root, {"gone/a.py": RETRY, "gone/deep/b.py": RETRY + "# b\n", "keep.py": RETRY + "# keep\n"})
    soon(lambda: "keep.py" in paths(server, "retry") and "gone/deep/b.py" in paths(server, "retry"))
    (server.root / "retry.py").unlink()
    for name in ("gone/a.py", "gone/deep/b.py"):
        (server.root / name).unlink()
    (server.root / "gone" / "deep").rmdir()
    (server.root / "gone").rmdir()
    soon(lambda: paths(server, "retry") == {"keep.py"})
    assert server.http.get("/health/status").json()["index"]["files"] == 2, "and .gitignore"


def test_a_directory_moved_in_and_out_is_followed(server: ServerProcess, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write_files(outside, {"one.py": "moved_in = 1\n", "two.py": "moved_in = 2\n"})
    outside.rename(server.root / "inside")
    soon(lambda: paths(server, "moved") == {"inside/one.py", "inside/two.py"})
    (server.root / "inside").rename(server.root / "renamed")
    soon(lambda: paths(server, "moved") == {"renamed/one.py", "renamed/two.py"})
    (server.root / "renamed").rename(outside)
    soon(lambda: paths(server, "moved") == set())


def test_an_ignored_file_never_appears(server: ServerProcess) -> None:
    write_files(server.root, {"a.log": "retry", "build/x.py": RETRY, ".env": "RETRY=1", "node_modules/x/i.js": "retry"})
    wait_for_jobs(server)
    assert paths(server, "retry") == {"retry.py"}


def test_a_file_that_becomes_ignored_disappears_and_comes_back(server: ServerProcess) -> None:
    write_files(server.root, {".gitignore": "ret*.py\n"})
    soon(lambda: paths(server, "retry") == set())
    write_files(server.root, {".gitignore": "\n"})
    soon(lambda: paths(server, "retry") == {"retry.py"})


def test_a_folders_filter_is_honoured_by_the_watcher(server: ServerProcess) -> None:
    """Elsewhere the watcher evicts the files that were chosen with a type filter."""
    write_files(server.root, {"lib/a.py": "chosen = 1\n", "lib/a.md": "chosen 1\n", "lib/gen/a.py": "chosen = 2\n"})
    folder = {"path": "lib", "include": ["*.py"], "exclude": ["gen/"]}
    server.wait(server.http.post("/index/folders", json=folder).json()["job"]["id"])
    assert paths(server, "chosen", "lib/") == {"lib/a.py"}
    write_files(server.root, {"lib/a.py": "chosen = 3\n", "lib/b.md": "chosen 3\n", "lib/gen/b.py": "chosen = 4\n"})
    write_files(server.root, {"lib/c.py": "chosen = 5\n"})
    wait_for_jobs(server)
    assert paths(server, "chosen", "lib/") == {"lib/a.py", "lib/c.py"}


def test_a_folder_outside_of_the_project_is_watched(server: ServerProcess, tmp_path: Path) -> None:
    write_files(tmp_path / "outside", {"far.py": "far_away = 1\n"})
    added = server.http.post("/index/folders", json={"path": str(tmp_path / "outside")}).json()
    server.wait(added["job"]["id"])
    write_files(tmp_path / "outside", {"farther.py": "far_away = 2\n"})
    soon(lambda: paths(server, "far") == {str(tmp_path / "outside" / name) for name in ("far.py", "farther.py")})
    gone = server.http.request("DELETE", "/index/folders", params={"path": str(tmp_path / "outside")})
    assert gone.json()["files"] == 2
    write_files(tmp_path / "outside", {"farther.py": "far_away = 3\n"})
    wait_for_jobs(server)
    assert paths(server, "far") == set()


async def test_folders_that_change_at_once_leave_one_watcher(root: Path) -> None:
    write_files(root, {f"part{number}/a.py": f"part_{number} = 1\n" for number in range(6)})
    async with Brain(root) as brain:
        adding = [brain.call("POST", "/index/folders", json={"path": f"part{number}"}) for number in range(6)]
        added = await asyncio.gather(*adding)
        for one in added:
            await brain.wait(one["job"]["id"])
        assert [task.get_name() for task in asyncio.all_tasks()].count("watcher") == 1
        write_files(root, {"part3/b.py": "found_later = 1\n"})
        async with asyncio.timeout(SOON_SECONDS):
            while await brain.paths("found later") != {"part3/b.py"}:
                await asyncio.sleep(0.05)
    assert "watcher" not in [task.get_name() for task in asyncio.all_tasks()]


def test_many_changes_at_once_are_all_found(server: ServerProcess) -> None:
    """As a change of branch makes them."""
    write_files(server.root, {f"many/m{number}.py": f"branch_{number} = 1\n" for number in range(400)})
    soon(lambda: server.http.get("/health/status").json()["index"]["files"] == 402)
    for number in range(0, 400, 2):
        (server.root / "many" / f"m{number}.py").unlink()
    soon(lambda: server.http.get("/health/status").json()["index"]["files"] == 202)


def test_what_changed_while_the_server_was_away_is_found_after_its_start(server: ServerProcess) -> None:
    write_files(server.root, {"old.py": "will_go = 1\n", "moved.py": "will_move = 1\n"})
    soon(lambda: {"old.py", "moved.py"} <= paths(server, "will"))
    server.stop()
    write_files(server.root, {"retry.py": "def parse_header(line):\n    return line\n", "new.py": "came_new = 1\n"})
    (server.root / "old.py").unlink()
    (server.root / "moved.py").rename(server.root / "elsewhere.py")
    server.start()
    soon(lambda: paths(server, "will") == {"elsewhere.py"})
    assert paths(server, "came") == {"new.py"}
    assert paths(server, "parse") == {"retry.py"}
    assert paths(server, "schedule") == set()


def test_without_the_watcher_a_question_still_brings_a_file_up_to_date(root: Path) -> None:
    configure(root)
    with ServerProcess(root) as server:
        server.index()
        write_files(root, {"retry.py": RETRY.replace("delay", "pause")})
        assert server.http.get("/health/status").json()["watcher"]["state"] == "off"
        (first,) = server.http.post("/query", json={"query": "retry", "mode": "bm25"}).json()["results"]
        assert not first["stale"]
        assert "pause" in first["text"]
        assert paths(server, "pause") == {"retry.py"}


@pytest.mark.parametrize("watch", [True, False])
def test_what_is_not_in_a_file_now_is_never_shown_unmarked(root: Path, watch: bool) -> None:
    """A hundred times edited, saved and asked at once, with and without a watcher; files come and go meanwhile."""
    configure(root, index={"watch": watch})
    with ServerProcess(root) as server:
        server.index()
        for turn in range(100):
            write_files(
                root, {"retry.py": RETRY.replace("2", f"{turn} + {turn}"), f"other{turn % 7}.py": f"{RETRY}# {turn}\n"}
            )
            (root / f"other{(turn + 3) % 7}.py").unlink(missing_ok=True)
            found = server.http.post("/query", json={"query": "schedule retry delay"}).json()["results"]
            assert found
            assert all(result["stale"] or is_in_its_file(root, result) for result in found), (turn, found)
        soon(lambda: "retry.py" in paths(server, "99"))


def is_in_its_file(root: Path, result: dict[str, Any]) -> bool:
    """Whether the passage's lines say now what the answer shows."""
    file = root / result["path"]
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return "\n".join(lines[result["start_line"] - 1 : result["end_line"]]) == result["text"]
