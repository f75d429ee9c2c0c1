"""What a server does when its directory, its files or its disk go away under it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_brain_server.errors import StorageError
from support.brain import Brain, ServerProcess, configure, write_files
from support.consent import accept
from support.corpus import write_project
from support.faults import fill_disk, read_only, small_disk

ENDS_WITHIN_SECONDS = 60.0
RETRY = "def schedule_retry(delay):\n    return delay * 2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    configure(project)
    write_files(project, {"retry.py": RETRY})
    return project


def state_of(root: Path) -> Path:
    return root / ".claude" / "agent-brain"


def unlink_index(root: Path) -> None:
    (state_of(root) / "index.db").unlink()


def replace_index(root: Path) -> None:
    """By a copy of itself, as a backup that is put back."""
    index = state_of(root) / "index.db"
    shutil.copy(index, index.with_suffix(".copy"))
    index.with_suffix(".copy").replace(index)


def replace_state(root: Path) -> None:
    state_of(root).rename(root / "aside")
    shutil.copytree(root / "aside", state_of(root))


def move_project(root: Path) -> None:
    root.rename(root.with_name("moved"))


def remove_state(root: Path) -> None:
    shutil.rmtree(root / ".claude")


def remove_lock(root: Path) -> None:
    (state_of(root) / "server.lock").unlink()


def ends(server: ServerProcess) -> None:
    assert server.process.wait(ENDS_WITHIN_SECONDS) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "remove", [remove_state, shutil.rmtree, move_project, replace_state, remove_lock, unlink_index, replace_index]
)
def test_a_server_whose_place_is_gone_ends_and_makes_nothing(root: Path, remove: Callable[[Path], object]) -> None:
    with ServerProcess(root) as server:
        server.index()
        remove(root)
        there = sorted(path.relative_to(root.parent) for path in root.parent.rglob("*"))
        ends(server)
        left = sorted(path.relative_to(root.parent) for path in root.parent.rglob("*"))
        assert not [path for path in left if path not in there]


def test_a_server_of_a_moved_project_takes_no_other_ones_file(root: Path) -> None:
    """What lies in the old place belongs to whoever came there since."""
    with ServerProcess(root) as server:
        move_project(root)
        configure(root)
        (state_of(root) / "server.json").write_text('{"pid": 1}')
        ends(server)
        assert (state_of(root) / "server.json").read_text() == '{"pid": 1}'


def test_a_server_file_that_is_gone_comes_back(root: Path) -> None:
    with ServerProcess(root) as server:
        server.server_file.unlink()
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while not server.server_file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert server.http.get("/health").json()["pid"] == server.process.pid
    assert not server.server_file.exists()


@pytest.mark.slow
@pytest.mark.parametrize("remove", [unlink_index, replace_index])
def test_no_job_is_done_in_a_file_that_is_not_the_index(root: Path, remove: Callable[[Path], None]) -> None:
    configure(root, embedding={"provider": "none"})
    write_project(root, 1_500)
    with ServerProcess(root) as server:
        job_id = server.http.post("/index", json={}).json()["id"]
        while not server.http.get(f"/index/jobs/{job_id}").json()["progress"]["files_done"]:
            time.sleep(0.002)
        remove(root)
        with suppress(httpx.TransportError):
            while (answer := server.http.get(f"/index/jobs/{job_id}")).status_code != 503:
                assert answer.json()["state"] != "done"
            assert answer.json()["code"] == "storage_gone"
        ends(server)
    index = state_of(root) / "index.db"
    if index.exists():
        with closing(sqlite3.connect(index)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            assert ("done",) not in connection.execute("SELECT state FROM jobs").fetchall()
    with ServerProcess(root) as server:
        assert server.index()["progress"]["files_failed"] == 0
        assert server.http.get("/health/status").json()["index"]["files"] == 1_501


def asked(server: ServerProcess, query: str, mode: str) -> list[Any]:
    response = server.http.post("/query", json={"query": query, "mode": mode})
    assert response.status_code == 200, response.text
    results: list[Any] = response.json()["results"]
    return results


def assert_answers_stale(server: ServerProcess, root: Path, code: str) -> None:
    """The index cannot be written: a file that changed is found as it was, and said to be stale."""
    write_files(root, {"retry.py": RETRY.replace("2", "3")})
    for mode in ("bm25", "vector", "hybrid", "multi"):
        assert ("retry.py", True) in [
            (found["path"], found["stale"]) for found in asked(server, "schedule retry", mode)
        ]
    chunk_id = asked(server, "schedule retry", "bm25")[0]["chunk_id"]
    assert server.http.get(f"/query/chunk/{chunk_id}").json()["stale"] is True
    refused = server.http.post("/index", json={})
    assert (refused.status_code, refused.json()["code"]) == (503, code)
    assert server.http.get("/health/status").status_code == 200


def test_a_full_disk_leaves_searches_answering(root: Path) -> None:
    state = state_of(root)
    config = (state / "config.yaml").read_text()
    with small_disk(state, 8):
        (state / "config.yaml").write_text(config)
        accept(root)
        with ServerProcess(root) as server:
            server.index()
            filler = fill_disk(state)
            assert_answers_stale(server, root, "storage_full")
            filler.unlink()
            server.index()
            assert [found["stale"] for found in asked(server, "schedule retry", "hybrid")] == [False]


def test_a_directory_that_may_only_be_read_leaves_searches_answering(root: Path) -> None:
    with ServerProcess(root) as server:
        server.index()
        asked(server, "schedule retry", "hybrid")
        with read_only(state_of(root)):
            write_files(root, {"retry.py": RETRY.replace("2", "3")})
            found = asked(server, "schedule retry", "hybrid")
            assert [one["path"] for one in found] == ["retry.py"]


async def test_no_rotten_page_is_an_empty_answer_or_a_defect(root: Path) -> None:
    """Each page of the index is zeroed in turn: what cannot be read is named, by start or by an answer of 503."""
    configure(root, port=0)
    write_files(root, {f"part{number}.py": f"def part_{number}():\n    return {number} * 7\n" for number in range(60)})
    async with Brain(root) as brain:
        await brain.index()
    index = state_of(root) / "index.db"
    whole = index.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    pages, named = len(whole) // size, 0
    for page in range(1, pages, max(1, pages // 60)):
        index.write_bytes(whole[: page * size] + bytes(size) + whole[(page + 1) * size :])
        for name in ("index.db-wal", "index.db-shm", "index.vectors"):
            index.with_name(name).unlink(missing_ok=True)
        try:
            async with Brain(root) as brain:
                for mode in ("bm25", "vector", "hybrid", "multi"):
                    answer = await brain.http.post("/query", json={"query": "part 7", "mode": mode})
                    assert answer.status_code in (200, 503), (page, answer.text)
                    assert answer.json().get("results") or answer.json()["code"].startswith("storage_"), (page, mode)
                    named += answer.status_code == 503
                for path in ("/health/status", "/index/jobs", "/index/folders", "/metrics"):
                    assert (await brain.http.get(path)).status_code in (200, 503), (page, path)
        except StorageError:
            named += 1
    print(f"\n{pages} pages; {named} refusals by name")
    assert named
