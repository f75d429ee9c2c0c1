"""A pipe without a writer holds up neither the server nor a job nor a command, by any name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.brain import ServerProcess, configure, write_files
from support.cli import COMMAND

NAMES = (".env", ".git", ".gitignore", ".agent-brainignore", "notes.md")
PLACES = (".", "src", "src/deep")
HANGS = 60  # seconds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    configure(project)
    write_files(project, {f"{place}/beacon.py": f"beacon = '{place}'\n" for place in PLACES})
    for place in PLACES:
        for name in NAMES:
            os.mkfifo(project / place / name)
    return project


def test_pipes_in_the_project_hold_nothing_up(root: Path) -> None:
    with ServerProcess(root) as server:
        job = server.index()
        found = server.http.post("/query", json={"query": "beacon", "mode": "bm25"}).json()["results"]
        assert {result["path"] for result in found} == {"beacon.py", "src/beacon.py", "src/deep/beacon.py"}
        assert job["progress"]["skipped"]["not_a_file"] >= len(PLACES)
        for command in ("status", "doctor"):
            done = subprocess.run([COMMAND, command], cwd=root, stdin=subprocess.DEVNULL, timeout=HANGS, check=False)
            assert done.returncode in (0, 1)
