"""State that git tracks, that is a link, of another user or replaceable by anyone is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.shop import CONFIG, ENV, mcp, refused, shop


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop(tmp_path / "my shop") as made:
        yield made


def git(project: CliProject, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.root, check=True, capture_output=True, env=project.environment)


@pytest.mark.parametrize(
    "name", [CONFIG, ENV, ".claude/agent-brain/docker-compose.yml", ".claude/agent-brain/index.db"]
)
@pytest.mark.parametrize("version", ["2", "4"])
def test_state_that_git_tracks_is_refused(tmp_path: Path, name: str, version: str) -> None:
    with cli_project(tmp_path / "repository" / "inner", git=False) as project:
        top = CliProject(project.root.parent, project.environment)
        git(top, "init", "--quiet")
        git(top, "config", "index.version", version)
        project.write({"shop/retry.py": RETRY_SOURCE})
        project.set_up("--project", str(project.root))
        project.ok("search", "retry")
        project.ok("stop")
        (project.root / name).touch()
        git(top, "add", "--force", f"inner/{name}")
        refused(
            project.run("start"), f"git tracks {name}", "rm -q -f " if name.endswith(".db") else "rm -q -r -f --cached"
        )
        done = project.run("setup", "--yes")
        refused(done, f"git tracks {name}")
        fails = [
            one for one in json.loads(project.run("doctor", "--json").stdout)["findings"] if one["state"] == "fail"
        ]
        assert any(f"git tracks {name}" in one["detail"] for one in fails)
        subprocess.run(done.stderr.strip().rpartition("Run: ")[2], shell=True, check=True, capture_output=True)
        project.ok("start")


def test_all_of_the_state_is_taken_out_of_git_by_one_command(tmp_path: Path) -> None:
    with shop(tmp_path / "my shop") as project:
        (project.root / ".git").rmdir()
        git(project, "init", "--quiet")
        project.set_up()
        project.ok("index", "--wait")
        project.ok("stop")
        written = [(project.root / name).read_bytes() for name in (CONFIG, ENV)]
        mine = {f".claude/agent-brain/{name}": f"{name} of mine\n" for name in ("NOTES.md", "dumps/a.sql", "logs/b.md")}
        project.write(mine)
        git(project, "add", "--force", ".")
        changed = {path: f"{text}not committed\n" for path, text in mine.items()}
        project.write(changed)
        done = project.run("start")
        refused(done, "git tracks .claude/agent-brain/NOTES.md and ")
        subprocess.run(done.stderr.strip().rpartition("Run: ")[2], shell=True, check=True, capture_output=True)
        assert [(project.root / name).read_bytes() for name in (CONFIG, ENV)] == written
        assert {path: (project.root / path).read_text() for path in mine} == changed
        assert (project.state / "manifest.json").exists()
        assert not (project.state / "index.db").exists()
        project.ok("start")
        project.ok("uninstall", "--yes")


@pytest.mark.parametrize(
    "path",
    [".claude", ".claude/agent-brain", ".claude/agent-brain/index.db", ".claude/agent-brain/logs", ENV],
)
def test_state_behind_a_link_is_refused(project: CliProject, tmp_path: Path, path: str) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    (project.root / path).rename(tmp_path / "elsewhere")
    (project.root / path).symlink_to(tmp_path / "elsewhere")
    for command in (("start",), ("setup", "--yes"), ("search", "retry")):
        refused(project.run(*command), str(project.root / path), "is a link")
    assert "is a link" in mcp(project)


@pytest.mark.parametrize("path", [".claude", ".claude/agent-brain"])
def test_stop_and_the_fixes_of_doctor_do_nothing_behind_a_link(project: CliProject, tmp_path: Path, path: str) -> None:
    with cli_project(tmp_path / "other") as other:
        other.set_up()
        other.ok("start")
        other.ok("stop")
        project.set_up()
        (other.state / "server.json").write_text("{}")
        loose = [other.state / "server.json", other.state / "logs" / "server.log", other.state]
        for one in loose:
            one.chmod(one.stat().st_mode | 0o022)
        shutil.rmtree(project.root / path)
        (project.root / path).symlink_to(other.root / path)
        modes = [one.stat().st_mode for one in loose]
        (other.state / "lifecycle.lock").unlink(missing_ok=True)
        before = sorted(other.root.rglob("*"))
        refused(project.run("stop"), str(project.root / path), "is a link", "Run: rm ")
        fixed = json.loads(project.run("doctor", "--fix", "--json").stdout)
        assert (fixed["fixed"], [one.stat().st_mode for one in loose]) == ([], modes)
        assert sorted(other.root.rglob("*")) == before
        for one in loose:
            one.chmod(one.stat().st_mode & ~0o022)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("path", [".claude", ".claude/agent-brain", ".claude/agent-brain/index.db", ENV])
def test_state_of_another_user_is_refused(project: CliProject, path: str) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    os.chown(project.root / path, 65_534, 65_534)
    for command in (("start",), ("setup", "--yes"), ("search", "retry")):
        refused(project.run(*command), str(project.root / path), "belongs to the user nobody", "chown")


@pytest.mark.parametrize("below", ["..", ".", ".claude"])
def test_state_that_anyone_may_replace_is_refused(project: CliProject, below: str) -> None:
    project.set_up()
    directory = (project.root / below).resolve()
    directory.chmod(0o777)
    for command in (("start",), ("setup", "--yes")):
        done = project.run(*command)
        refused(done, str(directory), "chmod o-w")
    subprocess.run(done.stderr.strip().rpartition("Run: ")[2], shell=True, check=True)
    project.ok("start")
