"""A branch switch that takes git several seconds is one action: its files do not become a job each few of them."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from support.brain import ServerProcess, configure

FILES = 60
SMUDGE = "sleep 0.05; cat"  # what git runs for each file that it writes
HANGS = 120  # seconds
MOST_JOBS = 2


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, timeout=HANGS)


def write(root: Path, branch: str) -> None:
    for number in range(FILES):
        (root / f"m{number}.py").write_text(f"def work_{number}_of_{branch}():\n    return {number}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two branches, all of whose files differ."""
    project = tmp_path / "project"
    configure(project, index={"watch": True}, embedding={"provider": "none"})
    git(tmp_path, "init", "-q", "-b", "one", str(project))
    git(project, "config", "filter.slow.smudge", SMUDGE)
    (project / ".gitignore").write_text(".claude/\n.env.agent-brain\n")
    (project / ".gitattributes").write_text("*.py filter=slow\n")
    write(project, "one")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    git(project, "checkout", "-qb", "two")
    write(project, "two")
    git(project, "commit", "-qam", "two")
    git(project, "-c", "filter.slow.smudge=cat", "checkout", "-q", "one")
    return project


def quiet(server: ServerProcess) -> list[Any]:
    """All jobs, newest first, once none is queued or running for a while."""
    deadline, looks = time.monotonic() + HANGS, 0
    while looks < 20:
        assert time.monotonic() < deadline
        jobs = server.http.get("/index/jobs").json()["jobs"]
        looks = 0 if any(job["state"] in ("queued", "running") for job in jobs) else looks + 1
        time.sleep(0.1)
    return list(jobs)


def symbols(server: ServerProcess, branch: str) -> int:
    body = {"query": branch, "mode": "bm25", "top_k": FILES}
    found = server.http.post("/query", json=body).json()["results"]
    return sum(f"_of_{branch}" in one["text"] for one in found)


@pytest.mark.slow
def test_a_branch_switch_that_lasts_is_few_jobs(root: Path) -> None:
    with ServerProcess(root) as server:
        before = len(quiet(server))
        git(root, "checkout", "-q", "two")
        jobs = quiet(server)[:-before]
        assert 1 <= len(jobs) <= MOST_JOBS
        assert {job["state"] for job in jobs} == {"done"}
        assert (symbols(server, "two"), symbols(server, "one")) == (FILES, 0)
