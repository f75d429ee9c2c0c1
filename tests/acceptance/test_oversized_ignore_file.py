"""An ignore file above its limit: every command names the file and the limit, and shortening it is the way on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project
from support.mcp_client import call, session

LIMIT = "larger than 1,000,000 bytes"
WAY_ON = "Shorten it, then run: agent-brain index --wait"
LONG = "generated/file-name-of-one-thing.txt\n" * 30_000
SETUP = ("setup", "--yes", "--embedding", "none", "--no-watch")


@pytest.fixture(params=[".gitignore", ".agent-brainignore"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "project") as made:
        made.write({"src/a.py": "def beacon():\n    return 1\n", request.param: LONG})
        yield made


def ignore_file(project: CliProject) -> Path:
    return max((project.root / name for name in (".gitignore", ".agent-brainignore")), key=_size)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def said(project: CliProject, *command: str) -> str:
    done = project.run(*command)
    return " ".join((done.stdout + done.stderr).split())


def test_each_command_names_the_file_the_limit_and_the_way_on(project: CliProject) -> None:
    name = str(ignore_file(project))
    for command in (
        (*SETUP, "--index"),
        ("index", "--wait"),
        ("search", "beacon"),
        ("index", "--report"),
        ("status",),
        ("doctor",),
    ):
        answer = said(project, *command)
        assert f"{name} is {LIMIT}, so nothing in the project is indexed" in answer, (command, answer)
        assert WAY_ON in answer, (command, answer)
        assert "Fill it" not in answer, (command, answer)
    entry = project.json("index", "--report")["entries"][0]
    assert (entry["path"], entry["reason"], entry["detail"]) == ("./", "ignore_rules", f"{name} is {LIMIT}")
    ignore_file(project).write_text("*.log\n", "utf-8")
    project.ok("index", "--wait")
    assert "src/a.py" in project.ok("search", "beacon")
    assert LIMIT not in said(project, "status") + said(project, "doctor")


def test_in_a_directory_it_is_named_while_the_rest_is_indexed(project: CliProject) -> None:
    ignore_file(project).rename(project.root / "src" / ".gitignore")
    project.write({"b.py": "def beacon_b():\n    return 1\n"})
    name = str(project.root / "src" / ".gitignore")
    for command in ((*SETUP, "--index"), ("index", "--report"), ("status",), ("doctor",)):
        answer = said(project, *command)
        assert (f"{name} is {LIMIT}, so nothing in src/ is indexed" in answer) == (command[0] != "setup"), answer
    assert "b.py" in project.ok("search", "beacon")


async def test_the_agent_hears_of_it(project: CliProject) -> None:
    project.ok(*SETUP, "--index")
    async with session(project) as opened:
        assert f"{ignore_file(project)} is {LIMIT}" in await call(opened, "search", query="beacon")
