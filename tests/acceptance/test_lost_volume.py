"""A container's volume outlives the passwords that it was made with: setup names it, and what it says works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject
from support.contained import SETUP, contained_shop_on_an_engine
from support.docker import ComposedDatabase

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ENV = ".env.agent-brain"
SAID = re.compile(
    r"the Docker volume (\S+_postgres-data) holds a database of this project, whose password is lost:"
    r" (agent-brain db up) keeps its data and gives it the new password; (agent-brain db down --purge --yes) removes it"
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with contained_shop_on_an_engine(tmp_path / "mein Laden") as made:
        made.ok("db", "up")
        made.ok("index", "--wait")
        made.ok("stop")
        made.ok("db", "down")
        yield made


def said(project: CliProject) -> re.Match[str]:
    """What setup says of the volume, which is the project's."""
    done = project.run(*SETUP)
    assert done.returncode == 0, done.stderr
    found = SAID.search(done.stderr)
    assert found, done.stderr
    assert found[1] in ComposedDatabase(project.root).volumes()
    return found


def finds(project: CliProject) -> bool:
    return "net/retry.py" in project.ok("search", "retry delay")


def test_the_data_are_kept_by_the_command_that_setup_names(project: CliProject) -> None:
    (project.root / ENV).unlink()
    project.follow(said(project)[2])
    assert project.run(*SETUP).stdout.startswith("Nothing to change")
    project.ok("start")
    assert len(project.json("jobs")["jobs"]) == 1, "nothing was indexed again"
    assert finds(project)


def test_after_all_of_the_projects_state_is_gone_the_data_can_be_removed(project: CliProject) -> None:
    shutil.rmtree(project.state)
    (project.root / ENV).unlink()
    found = said(project)
    project.follow(found[3])
    assert found[1] not in ComposedDatabase(project.root).volumes()
    project.ok("db", "up")
    project.ok("index", "--wait")
    assert finds(project)


def test_the_volume_of_pgadmin_is_begun_again(project: CliProject) -> None:
    project.ok("setup", "--yes", "--pgadmin", "--no-verify")
    assert ComposedDatabase(project.root).compose("--profile", "*", "create", "postgres").returncode == 0
    volume = next(one for one in ComposedDatabase(project.root).volumes() if one.endswith("_pgadmin-data"))
    env = project.root / ENV
    env.write_text("".join(one for one in env.read_text().splitlines(True) if "PGADMIN_PASSWORD" not in one))
    done = project.run("setup", "--yes")
    assert "holds a pgAdmin of this project, whose password is lost" in done.stderr, done.stderr
    project.follow(done.stderr.partition("To begin it again: ")[2].splitlines()[0])
    assert volume not in ComposedDatabase(project.root).volumes()


def test_what_pgadmin_leaves_is_named(project: CliProject) -> None:
    project.ok("setup", "--yes", "--pgadmin", "--no-verify")
    assert ComposedDatabase(project.root).compose("--profile", "*", "create", "postgres").returncode == 0
    volume = next(one for one in ComposedDatabase(project.root).volumes() if one.endswith("_pgadmin-data"))
    done = project.run("setup", "--yes", "--no-pgadmin")
    assert done.returncode == 0, done.stderr
    project.follow(done.stderr.partition("pgAdmin's container and data are kept. To delete them: ")[2].splitlines()[0])
    assert volume not in ComposedDatabase(project.root).volumes()
