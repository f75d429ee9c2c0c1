"""Only what is not there is gone: files that cannot be read for now stay in the index, and their vectors with them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.brain import ServerProcess, configure, write_files
from support.permissions import BOUND

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="permissions bind root by Linux's capabilities alone")

FILES = {
    "open.py": "def beacon_open():\n    pass\n",
    "closed/a.py": "def beacon_a():\n    pass\n",
    "closed/deep/b.py": "def beacon_b():\n    pass\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    configure(project)
    write_files(project, FILES)
    return project


@pytest.fixture
def server(root: Path) -> Iterator[ServerProcess]:
    with ServerProcess(root, prefix=BOUND) as running:
        yield running


@contextmanager
def closed(path: Path, mode: int = 0) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)


def found(server: ServerProcess) -> set[str]:
    query = {"query": "beacon a b open", "mode": "bm25", "top_k": 100}
    return {result["path"] for result in server.http.post("/query", json=query).json()["results"]}


def statistics(server: ServerProcess) -> tuple[int, int]:
    index = server.http.get("/health/status").json()["index"]
    return index["files"], index["embedded_texts"]


# A directory that may be entered but not listed, and one that may be listed but whose files are not shown.
@pytest.mark.parametrize(
    ("mode", "asked"),
    [(0o000, ()), (0o300, ("closed",)), (0o600, ()), (0o000, ("closed/a.py", "closed/deep"))],
)
def test_an_unreadable_directory_keeps_its_files(
    root: Path, server: ServerProcess, mode: int, asked: tuple[str, ...]
) -> None:
    server.index()
    before = statistics(server)
    with closed(root / "closed", mode):
        job = server.index(*asked)
        assert found(server) == FILES.keys()
        assert statistics(server) == before
        assert job["progress"]["files_removed"] == 0
        if not asked:
            (problem,) = {line for line in job["progress"]["problems"] if line.startswith("closed cannot")} or {""}
            assert problem in ("", "closed cannot be read (Permission denied); what the index holds of it is kept.")
            assert any("cannot be read (Permission denied)" in line for line in job["progress"]["problems"])
    write_files(root, {"closed/a.py": "def beacon_again():\n    pass\n"})
    (root / "closed" / "deep" / "b.py").unlink()
    assert server.index()["progress"]["files_removed"] == 1
    assert statistics(server) == (2, before[1] + 1)


def test_an_unreadable_file_keeps_its_passages_and_a_removed_one_does_not(root: Path, server: ServerProcess) -> None:
    server.index()
    with closed(root / "closed" / "a.py"):
        job = server.wait(server.http.post("/index", json={"force": True}).json()["id"])
        assert found(server) == FILES.keys()
        assert job["progress"]["files_failed"] == 1
        assert job["progress"]["problems"] == ["closed/a.py: cannot be read (Permission denied)"]
        (root / "open.py").unlink()
        assert server.index()["progress"]["files_removed"] == 1
        assert found(server) == FILES.keys() - {"open.py"}


def test_an_unreadable_folder_keeps_its_files_and_is_named(root: Path, server: ServerProcess) -> None:
    """Its place cannot even be looked at, since the directory around it is closed."""
    server.http.request("DELETE", "/index/folders", params={"path": "."}).raise_for_status()
    server.http.post("/index/folders", json={"path": "closed/deep"}).raise_for_status()
    server.index()
    with closed(root / "closed"):
        job = server.index()
        assert job["progress"]["problems"] == [
            (
                "The folder closed/deep cannot be read (Permission denied); what the index holds of it is kept."
                " To drop it: agent-brain folders remove closed/deep"
            )
        ]
        assert found(server) == {"closed/deep/b.py"}


def test_a_missing_folder_adds_no_job_to_a_search(root: Path, server: ServerProcess) -> None:
    server.http.request("DELETE", "/index/folders", params={"path": "."}).raise_for_status()
    server.http.post("/index/folders", json={"path": "closed"}).raise_for_status()
    server.index()
    (root / "closed").rename(root / "elsewhere")
    before = jobs(server)
    for _ in range(5):
        results = server.http.post("/query", json={"query": "beacon a b", "mode": "bm25"}).json()["results"]
        assert {result["path"] for result in results} == {"closed/a.py", "closed/deep/b.py"}
        assert all(result["stale"] for result in results)
    assert jobs(server) == before
    (root / "elsewhere").rename(root / "closed")
    results = server.http.post("/query", json={"query": "beacon a b", "mode": "bm25"}).json()["results"]
    assert not any(result["stale"] for result in results)


def test_what_cannot_be_brought_up_to_date_is_tried_once(root: Path, server: ServerProcess) -> None:
    server.index()
    with closed(root / "closed"):
        for _ in range(5):
            assert found(server) == FILES.keys()
        assert len(jobs(server)) <= 2


def jobs(server: ServerProcess) -> list[Any]:
    listed: list[Any] = server.http.get("/index/jobs").json()["jobs"]
    return [job["id"] for job in listed]
