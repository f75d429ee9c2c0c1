"""Where the state of a project belongs to another user, each command says so, and names one that takes it over."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject
from support.doctored import Fault, doctor
from support.prepared import copied, prepare

# The system's user as one who may read and write his own files alone.
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
NOBODY = 65534
COMMANDS = [("search", "x"), ("status",), ("start",), ("stop",), ("index",), ("setup", "--yes")]

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None,
        reason="only the system's user can give files away",
    ),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--embedding", "none", "--no-watch")


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


def give_away(root: Path, *closed: str) -> None:
    subprocess.run(["chown", "-R", str(NOBODY), str(root)], check=True)
    for name in closed:
        (root / name).chmod(0o700)


@pytest.mark.parametrize("closed", ["", ".claude", ".claude/agent-brain"])
def test_each_command_names_the_user_and_what_works(project: CliProject, tmp_path: Path, closed: str) -> None:
    give_away(project.root, *filter(None, [closed]))
    for words in COMMANDS:
        done = project.run(*words, prefix=UNPRIVILEGED)
        assert done.returncode == 2, done
        assert "belongs to the user nobody, and you may not read it: let nobody run agent-brain" in done.stderr
        assert "agent-brain setup" not in done.stderr
    status, found = doctor(project, Fault("", "", lambda project: None, prefix=UNPRIVILEGED))
    assert (status, "belongs to the user nobody" in found["setup"]["detail"]) == (1, True), found
    assert "agent-brain setup" not in str(found)
    take_over(project, tmp_path, found["setup"]["fix"])
    assert "part7.py" in project.run("search", "part_7", prefix=UNPRIVILEGED).stdout


def take_over(project: CliProject, directory: Path, command: str) -> None:
    """Run the command as it is written; `sudo` is one that needs no password."""
    assert command.startswith("sudo chown -R $(id -u) ")
    sudo = directory / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    path = f"{sudo.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-c", command], cwd=project.root, env={**project.environment, "PATH": path}, check=True)


def test_a_secret_that_the_system_s_user_made_is_named(project: CliProject) -> None:
    """As after a setup with sudo: a trusted owner, but no one else reads the file."""
    os.chown(project.root / ".env.agent-brain", NOBODY, -1)
    os.chown(project.root, NOBODY, -1)
    done = project.run("status", prefix=UNPRIVILEGED)
    assert done.returncode == 2
    assert re.search(r"\.env\.agent-brain belongs to the user nobody, .* Run: sudo chown -R ", done.stderr), done.stderr


def test_a_directory_of_ones_own_that_is_closed_is_opened(project: CliProject) -> None:
    (project.state / "logs").chmod(0o000)
    done = project.run("status", prefix=UNPRIVILEGED)
    command = done.stderr.rstrip().rpartition("Run: ")[2]
    assert command.startswith("chmod u+rwx "), done.stderr
    subprocess.run(["sh", "-c", command], cwd=project.root, check=True)
    assert "cannot be read" not in project.run("status", prefix=UNPRIVILEGED).stderr
