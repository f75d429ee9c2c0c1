"""kill -9 of setup, uninstall and backup at random moments: nothing is lost, and nothing stays half done."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent_brain_contract.envfile import read_env
from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port
from support.docker import composed_database, require_docker

KILLS = int(os.environ.get("AGENT_BRAIN_TESTS_KILLS", "3"))
QUESTION = "how long to wait before a failed request is sent again"
OWN = {"net/retry.py": RETRY_SOURCE, ".gitignore": "dist\n", "docs/guide.md": "# Guide\n\nHow a theme picks colours.\n"}
BACKED_UP = {f"notes/part{number}.md": f"# Part {number}\n\n{'words of it ' * 400}\n" for number in range(40)}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "my shop") as made:
        made.write(OWN)
        yield made


def setup_line() -> tuple[str, ...]:
    return ("setup", "--yes", "--port", str(free_port()), "--embedding", "none", "--no-watch")


def killed_at(project: CliProject, share: float, seconds: float, *arguments: str) -> int:
    """Start the command and kill it after this share of its time; its exit status."""
    process = project.popen(*arguments)
    time.sleep(share * seconds)
    process.kill()
    process.communicate()
    return process.returncode


def seconds_of(project: CliProject, *arguments: str) -> float:
    """How long the command takes when nothing ends it."""
    start = time.monotonic()
    project.ok(*arguments)
    return time.monotonic() - start


def shares(seed: int) -> list[float]:
    """One random moment in each of as many equal parts of the command's time."""
    chosen = random.Random(seed)
    return [(number + chosen.random()) / KILLS for number in range(KILLS)]


def files(project: CliProject) -> dict[str, bytes]:
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in sorted(project.root.rglob("*"))
        if path.is_file()
    }


def assert_whole(project: CliProject) -> None:
    """Each file of setup is there as a whole or not at all."""
    env, config = project.root / ".env.agent-brain", project.state / "config.yaml"
    assert not env.exists() or len(read_env(env)["AGENT_BRAIN_TOKEN"]) >= 32
    assert not config.exists() or yaml.safe_load(config.read_text())["embedding"]["provider"] == "none"
    assert (project.root / ".gitignore").read_text().startswith("dist\n")


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.tmp")]


def a_minute_later(folder: Path) -> None:
    """Files that nothing was written to for so long belong to no command that runs."""
    for path in folder.glob(".*.tmp"):
        os.utime(path, (time.time() - 100, time.time() - 100))


@pytest.mark.timeout(120 + 30 * KILLS)
def test_a_setup_that_was_killed_is_finished_by_the_next(project: CliProject) -> None:
    line = setup_line()
    needed = seconds_of(project, *line)
    for share in shares(15):
        project.ok("uninstall", "--yes")
        assert files(project).items() >= {name: text.encode() for name, text in OWN.items()}.items()
        killed_at(project, share, needed, *line)
        assert_whole(project)
        project.ok(*line)
        assert_whole(project)
        assert leftovers(project.root) == []
        project.ok("index", "--wait")
        assert project.json("search", QUESTION)["results"][0]["path"] == "net/retry.py"
        assert project.run("doctor").returncode == 0
        project.ok("stop")


@pytest.mark.timeout(120 + 30 * KILLS)
def test_an_uninstall_that_was_killed_is_finished_by_the_next(project: CliProject) -> None:
    before = files(project)
    line = setup_line()
    project.ok(*line)
    project.ok("index", "--wait")
    needed = seconds_of(project, "uninstall", "--yes")
    for share in shares(16):
        project.ok(*line)
        project.ok("index", "--wait")
        killed_at(project, share, needed, "uninstall", "--yes")
        assert_whole(project)
        project.ok("uninstall", "--yes")
        assert files(project) == before
        assert not project.state.exists()


@pytest.mark.slow
@pytest.mark.timeout(300 + 60 * KILLS)
def test_a_backup_that_was_killed_leaves_the_one_before(project: CliProject, tmp_path: Path) -> None:
    require_docker()
    for name in ("DATABASE_URL", "POSTGRES_PASSWORD"):
        project.environment.pop(name, None)
    project.write(BACKED_UP)
    ports = ("--port", str(free_port()), "--postgres-port", str(free_port()))
    project.ok("setup", "--yes", "--no-watch", "--storage", "postgres-docker", *ports)
    with composed_database(project.root):
        project.ok("db", "up")
        project.ok("index", "--wait")
        kept = tmp_path / "backups"
        kept.mkdir()
        file = kept / "shop.backup"
        needed = seconds_of(project, "db", "backup", str(file))
        for share in shares(17):
            whole = file.read_bytes()
            killed_at(project, share, needed, "db", "backup", str(file))
            if file.read_bytes() != whole:
                # It was killed once the new backup had taken the old one's place.
                project.ok("stop")
                project.ok("db", "restore", str(file), "--yes")
            project.ok("db", "backup", str(file))
            assert project.json("search", QUESTION)["results"][0]["path"] == "net/retry.py"
        a_minute_later(kept)
        project.ok("db", "backup", str(file))
        assert [path.name for path in kept.iterdir()] == ["shop.backup"]
        project.ok("stop")
        chunks = project.json("db", "restore", str(file), "--yes")
        assert chunks["chunks"] == chunks["replaced"] > len(BACKED_UP)
