"""A folder that becomes a link while the server runs, as a `git pull` can make it, leads nowhere."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_brain_contract.consent import find_record, forget_record, save_record
from support.brain import FINISHED, Brain, ServerProcess, configure, write_files
from support.cli import CliProject, cli_project

OWN = "def schedule_retry(delay):\n    return delay * 2\n"
STOLEN = "def stolen_outside_fn():\n    return 'the canary sings at midnight'\n"
SOON_SECONDS = 10.0


@dataclass(frozen=True)
class Swap:
    """A folder of the index, and the directory of the path to it that becomes a link."""

    folder: str
    moved: str
    inner: str = "."

    def files(self, root: Path) -> Path:
        """Where the folder's files are."""
        return root / self.folder

    def act(self, root: Path, outside: Path) -> None:
        """Move the directory away and put a link in its place."""
        place = root / self.moved
        place.rename(place.with_name(f"{place.name}_old"))
        place.symlink_to(outside)


SWAPS = {
    "the folder": Swap("d", "d"),
    "a directory above it": Swap("a/b", "a", "b"),
    "an accepted folder outside": Swap("../shared", "../shared"),
    "a directory above an accepted folder": Swap("../far/shared", "../far", "shared"),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the person's that no one has accepted."""
    made = tmp_path / "private"
    for inner in (".", "b", "shared"):
        write_files(made / inner, {"x.py": STOLEN})
    return made.resolve()


@pytest.fixture(params=SWAPS.values(), ids=list(SWAPS))
def swap(request: pytest.FixtureRequest) -> Swap:
    given: Swap = request.param
    return given


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path.resolve() / "my shop"
    project.mkdir()
    return project


def set_up(root: Path, *folders: str, watch: bool = False, **sections: object) -> None:
    for folder in folders:
        write_files(root / folder, {"retry.py": OWN})
    configure(root, index={"watch": watch, "folders": [*folders, "kept"]}, **sections)
    write_files(root, {"kept/kept.py": "def kept_here():\n    return 1\n"})


def named(swap: Swap, problems: list[str], outside: Path) -> None:
    """One sentence names the folder, where it leads and what to run."""
    (sentence,) = [problem for problem in problems if "not accepted" in problem]
    assert [part for part in (swap.folder, str(outside), "agent-brain setup") if part not in sentence] == [], sentence


async def lines_of(brain: Brain, path: Path | str) -> int:
    response = await brain.http.get("/query/lines", params={"path": str(path), "first": 1, "last": 5})
    return response.status_code


async def test_nothing_is_read_where_it_leads(swap: Swap, root: Path, outside: Path) -> None:
    set_up(root, swap.folder)
    async with Brain(root) as brain:
        await brain.index()
        (own,) = await brain.paths("schedule retry")
        swap.act(root, outside)
        assert await lines_of(brain, own) == 404
        job = await brain.index()
        named(swap, job["progress"]["problems"], outside)
        named(swap, (await brain.call("GET", "/index/report"))["problems"], outside)
        assert await brain.paths("stolen_outside_fn canary midnight") == set()
        assert await brain.paths("schedule retry") == set()
        assert await brain.paths("kept_here") == {"kept/kept.py"}
        for path in (own, f"{swap.folder}/x.py", outside / swap.inner / "x.py"):
            assert await lines_of(brain, path) == 404


async def test_what_was_indexed_is_not_answered_as_if_fresh(swap: Swap, root: Path, outside: Path) -> None:
    """Also where the link leads to files of the same size, time and content."""
    set_up(root, swap.folder)
    async with Brain(root) as brain:
        await brain.index()
        shutil.copytree(swap.files(root), outside / swap.inner, dirs_exist_ok=True)
        swap.act(root, outside)
        assert [result for result in await brain.search("schedule retry", mode="bm25") if not result["stale"]] == []


async def test_it_is_indexed_again_once_it_is_accepted(root: Path, outside: Path) -> None:
    swap = SWAPS["the folder"]
    set_up(root, swap.folder)
    async with Brain(root) as brain:
        await brain.index()
        swap.act(root, outside)
        await brain.index()
        await brain.call("POST", "/index/folders", json={"path": str(outside)})
        await brain.index()
        assert str(outside / "x.py") in await brain.paths("stolen_outside_fn")


async def test_a_folder_that_leads_elsewhere_in_the_project_is_followed(root: Path) -> None:
    set_up(root, "d")
    async with Brain(root) as brain:
        await brain.index()
        SWAPS["the folder"].act(root, root / "d_old")
        assert (await brain.index())["progress"]["problems"] == []
        assert await brain.paths("schedule retry") == {"d_old/retry.py"}


async def test_a_project_that_becomes_a_link_is_not_read(root: Path, outside: Path) -> None:
    """Where the index is elsewhere; the server ends soon after, see test_vanished_state.py."""
    set_up(root, ".", storage={"url": "memory://"})
    async with Brain(root) as brain:
        await brain.index()
        root.rename(root.with_name("moved"))
        root.symlink_to(outside)
        job = await brain.call("POST", "/index", json={})
        while job["state"] not in FINISHED:
            await asyncio.sleep(0.01)
            job = await brain.call("GET", f"/index/jobs/{job['id']}")
        assert job["state"] == "failed"
        assert str(root) in job["error"]
        assert "link" in job["error"]
        assert await lines_of(brain, "x.py") != 200
        root.unlink()
        root.with_name("moved").rename(root)


@pytest.fixture
def server(swap: Swap, root: Path) -> Iterator[ServerProcess]:
    set_up(root, swap.folder, watch=True)
    with ServerProcess(root) as running:
        soon(lambda: len(paths(running, "schedule retry")) == 1)
        yield running


def paths(server: ServerProcess, query: str) -> set[str]:
    response = server.http.post("/query", json={"query": query, "mode": "bm25", "top_k": 50})
    return {result["path"] for result in response.json()["results"]}


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come to hold"
        time.sleep(0.05)


def test_the_watcher_reports_nothing_of_it_and_goes_on(swap: Swap, server: ServerProcess, outside: Path) -> None:
    swap.act(server.root, outside)
    moved = server.root / swap.moved
    old = moved.with_name(f"{moved.name}_old") / swap.inner
    write_files(outside / swap.inner, {"new.py": STOLEN, "retry.py": STOLEN})
    write_files(old, {"new.py": STOLEN, "x.py": OWN})
    write_files(server.root, {"kept/later.py": "def marker_later():\n    return 1\n"})
    soon(lambda: paths(server, "marker_later") == {"kept/later.py"})
    soon(lambda: all(job["state"] in FINISHED for job in server.http.get("/index/jobs").json()["jobs"]))
    assert paths(server, "stolen_outside_fn canary midnight") == set()
    assert server.http.get("/health/status").json()["watcher"]["state"] == "watching"


def test_a_folder_that_is_left_out_at_the_start_ends_no_watching(root: Path, outside: Path) -> None:
    set_up(root, "d", watch=True)
    with ServerProcess(root) as server:
        soon(lambda: len(paths(server, "schedule retry")) == 1)
        SWAPS["the folder"].act(root, outside)
        added = server.http.post("/index/folders", json={"path": "kept"})  # which starts watching again
        assert added.is_success, added.text
        write_files(root, {"kept/later.py": "def marker_later():\n    return 1\n"})
        write_files(outside, {"new.py": STOLEN})
        soon(lambda: paths(server, "marker_later") == {"kept/later.py"})
        assert paths(server, "stolen_outside_fn") == set()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path.resolve() / "my shop") as made:
        yield made


def test_every_command_says_so_in_one_sentence(project: CliProject, outside: Path) -> None:
    project.write({"d/retry.py": OWN})
    project.set_up("--folders", "d")
    project.ok("index", "--wait")
    SWAPS["the folder"].act(project.root, outside)
    for command in (("index", "--wait"), ("index", "--report"), ("status",)):
        lines = [line for line in project.ok(*command).splitlines() if "not accepted" in line]
        assert len(lines) == 1, command
        assert str(outside) in lines[0]
        assert "The folder d leads to" in lines[0]
        assert "agent-brain setup" in lines[0]
    assert "x.py" not in project.ok("search", "stolen_outside_fn")
    project.ok("stop")
    assert str(outside) in project.run("search", "stolen_outside_fn").stderr


def plant(root: Path, folder: Path) -> None:
    with sqlite3.connect(root / ".claude/agent-brain/index.db", timeout=10) as index:
        index.execute("INSERT INTO folders VALUES (?, '[]', '[]')", (str(folder),))
    index.close()


async def test_a_folder_that_is_planted_in_the_index_is_not_read(root: Path, outside: Path) -> None:
    set_up(root, "d")
    async with Brain(root) as brain:
        await brain.index()
        plant(root, outside)
        job = await brain.index()
        (problem,) = job["progress"]["problems"]
        assert str(outside) in problem
        assert "agent-brain" in problem
        assert await brain.paths("stolen_outside_fn") == set()


async def test_a_folder_that_was_added_is_read_until_its_consent_ends(root: Path, outside: Path) -> None:
    set_up(root, "d")
    async with Brain(root) as brain:
        before = find_record(root)
        assert before is not None
        added = await brain.call("POST", "/index/folders", json={"path": str(outside)})
        await brain.wait(added["job"]["id"])
        await brain.index()
        assert str(outside / "x.py") in await brain.paths("stolen_outside_fn")
        await brain.restart()
        await brain.index()
        assert str(outside / "x.py") in await brain.paths("stolen_outside_fn")
        save_record(root, before)
        await brain.index()
        assert await brain.paths("stolen_outside_fn") == set()


async def test_a_folder_that_is_added_where_no_record_is_kept_is_read(root: Path, outside: Path) -> None:
    """As in a container, where the environment says everything."""
    set_up(root, "d")
    async with Brain(root) as brain:
        forget_record(root)
        added: Any = await brain.call("POST", "/index/folders", json={"path": str(outside)})
        await brain.wait(added["job"]["id"])
        await brain.index()
        assert str(outside / "x.py") in await brain.paths("stolen_outside_fn")


@pytest.mark.parametrize("named_as", ["d", "../private"])
def test_the_environment_accepts_what_it_names_and_no_link_of_the_project(
    named_as: str, root: Path, outside: Path
) -> None:
    configure(root)
    (root / "d").symlink_to(outside)
    server = ServerProcess(root, {"AGENT_BRAIN_INDEX_FOLDERS": f'["{named_as}"]'})
    if named_as == "d":
        with pytest.raises(AssertionError, match="not accepted"):
            server.start()
    else:
        with server:
            server.wait(server.http.post("/index", json={}).json()["id"])
            assert str(outside / "x.py") in paths(server, "stolen_outside_fn")
