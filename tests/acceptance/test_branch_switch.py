"""A branch switch under the watcher: few jobs, and only the chunks that differ are written."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.brain import ServerProcess, configure

FILES, CHANGED = 400, 250
FUNCTIONS = 12
HANGS = 120  # seconds
JOBS, SHARE = 2, 1.2


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, timeout=HANGS)


def source(number: int, numbers: list[int]) -> str:
    body = "    result = value * {n}\n    for step in range({n}):\n        result += step\n    return result\n"
    long = "".join(f"    # line {line} of a long body\n" for line in range(40))
    return "\n\n".join(f"def work_{number}_{at}(value):\n{long}{body.format(n=n)}" for at, n in enumerate(numbers))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of two branches; on the other one, one or two of the functions of many files are different."""
    project = tmp_path / "project"
    configure(project, index={"watch": True})
    git(tmp_path, "init", "-q", "-b", "one", str(project))
    (project / ".gitignore").write_text(".claude/\n.env.agent-brain\n")
    choice = random.Random(3)
    numbers = {number: [choice.randrange(1_000) for _ in range(FUNCTIONS)] for number in range(FILES)}
    write(project, numbers)
    git(project, "add", "-A")
    git(project, "commit", "-qm", "one")
    git(project, "checkout", "-qb", "two")
    for number in choice.sample(range(FILES), CHANGED):
        for at in choice.sample(range(FUNCTIONS), choice.choice([1, 1, 2])):
            numbers[number][at] += 1_000
    write(project, numbers)
    git(project, "commit", "-qam", "two")
    git(project, "checkout", "-q", "one")
    return project


def write(project: Path, numbers: dict[int, list[int]]) -> None:
    for number, values in numbers.items():
        path = project / f"d{number % 20:02}" / f"m{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source(number, values))


def finished(server: ServerProcess) -> list[Any]:
    """All jobs, newest first, once none is queued or running for a while."""
    deadline, quiet = time.monotonic() + HANGS, 0
    while quiet < 20:
        assert time.monotonic() < deadline
        jobs = server.http.get("/index/jobs").json()["jobs"]
        quiet = 0 if any(job["state"] in ("queued", "running") for job in jobs) else quiet + 1
        time.sleep(0.1)
    return list(jobs)


def chunks(root: Path) -> set[tuple[object, ...]]:
    """Every passage of the index: path, id and lines."""
    index = root / ".claude" / "agent-brain" / "index.db"
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        query = "SELECT path, chunk_id, start_line, end_line FROM chunks JOIN files ON files.id = file_id"
        return set(connection.execute(query).fetchall())


def test_a_branch_switch_is_few_jobs_and_few_rows(root: Path) -> None:
    with ServerProcess(root) as server:
        before = len(finished(server))
        one = chunks(root)
        git(root, "checkout", "-q", "two")
        jobs = finished(server)[:-before]
        two = chunks(root)
        differing = len(two - one)
        assert differing >= CHANGED
        assert len(jobs) <= JOBS
        written = sum(job["progress"]["chunks_written"] for job in jobs)
        assert differing <= written <= SHARE * differing
        assert {job["state"] for job in jobs} == {"done"}
