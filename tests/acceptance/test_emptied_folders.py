"""A folder that suddenly holds no file, as an unmounted disk leaves it, keeps what the index has, and is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.brain import Brain, configure, write_files
from support.cli import CliProject, cli_project
from support.doctored import not_in_order

FILES = {
    "beacon.py": "def beacon_one():\n    return 1\n",
    "deep/er/beacon.py": "def beacon_two():\n    return 2\n",
}
SAID = "holds no file any more, as if its disk were not mounted; what the index holds of it is kept"
EMPTY = "agent-brain index --force --wait"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "my shop") as made:
        made.write(FILES)
        made.set_up()
        made.ok("index", "--wait")
        yield made


def clear(directory: Path) -> None:
    """Delete all files but what git and setup keep; the directories stay."""
    for path in sorted(directory.rglob("*.py")):
        path.unlink()


def test_an_emptied_project_is_named_and_the_command_empties_the_index(project: CliProject) -> None:
    clear(project.root)
    job = project.json("index", "--wait")
    assert job["progress"]["files_removed"] == 0
    assert f"The project {SAID}. If it is meant to be empty, run: {EMPTY} ." in project.ok("index", "--wait")
    found = project.run("search", "beacon")
    assert "beacon.py:1-2" in found.stdout
    assert "the file is not there any more" in found.stdout
    assert "run: agent-brain index" in found.stderr
    assert SAID in project.ok("status")
    finding = not_in_order(project.run("doctor", "--json").stdout)["folders"]
    assert finding["detail"] == f"The project {SAID}"
    assert finding["fix"] == f"If it is meant to be empty, run: {EMPTY} ."
    project.follow(finding["fix"].partition("run: ")[2])
    assert project.json("status")["index"]["files"] == 1  # .gitignore
    assert SAID not in project.ok("status")
    assert "folders" not in not_in_order(project.run("doctor", "--json").stdout)


def test_an_unmounted_project_says_so_and_is_itself_again_once_it_is_back(project: CliProject, tmp_path: Path) -> None:
    project.ok("stop")
    project.root.rename(tmp_path / "disk")
    project.root.mkdir()
    for command in ("status", "search"):
        done = project.run(command, *(["beacon"] if command == "search" else []))
        assert done.returncode != 0
        assert f"{project.root} is empty, as if its disk were not mounted" in done.stderr
    finding = not_in_order(project.run("doctor", "--json").stdout)["setup"]
    assert "as if its disk were not mounted" in finding["detail"]
    project.root.rmdir()
    (tmp_path / "disk").rename(project.root)
    assert "beacon.py:1-2" in project.ok("search", "beacon")


@pytest.fixture
async def brain(tmp_path: Path) -> Any:
    configure(tmp_path / "project")
    write_files(tmp_path / "project", {"own.py": "def own():\n    return 0\n"})
    async with Brain(tmp_path / "project") as running:
        yield running


async def test_an_empty_mount_point_outside_keeps_its_files_until_they_are_back(brain: Brain, tmp_path: Path) -> None:
    outside = tmp_path / "mount point"
    write_files(outside, FILES)
    await brain.wait((await brain.call("POST", "/index/folders", json={"path": str(outside)}))["job"]["id"])
    shutil.copytree(outside, tmp_path / "disk", copy_function=shutil.copy2)
    clear(outside)
    held = {str(outside / name) for name in FILES}
    for paths in ([], sorted(held), [str(outside)]):
        assert (await brain.index(*paths))["progress"]["files_removed"] == 0
    before = await brain.call("GET", "/index/jobs")
    found = await brain.search("beacon", mode="bm25")
    assert {(one["path"], one["stale"], one.get("gone")) for one in found} == {(path, True, True) for path in held}
    assert await brain.call("GET", "/index/jobs") == before, "no job can bring it up to date"
    (problem,) = (await brain.call("GET", "/index/report"))["problems"]
    assert problem == f"The folder {outside} {SAID}. If it is meant to be empty, run: {EMPTY} '{outside}'"
    shutil.copytree(tmp_path / "disk", outside, copy_function=shutil.copy2, dirs_exist_ok=True)
    found = await brain.search("beacon", mode="bm25")
    assert {(one["path"], one["stale"]) for one in found} == {(path, False) for path in held}
    assert (await brain.call("GET", "/index/report"))["problems"] == []
    clear(outside)
    assert (await brain.index(str(outside), force=True))["progress"]["files_removed"] == len(held)
    assert await brain.paths("beacon own") == {"own.py"}


async def test_a_folder_with_one_file_left_loses_the_others(brain: Brain) -> None:
    write_files(brain.root, FILES)
    await brain.index()
    clear(brain.root / "deep")
    (brain.root / "beacon.py").unlink()
    assert (await brain.index())["progress"]["files_removed"] == len(FILES)
    assert await brain.paths("beacon own") == {"own.py"}
