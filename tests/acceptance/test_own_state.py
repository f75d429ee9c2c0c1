"""The state directory and the token's file are in no index, whichever folder is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support.brain import FINISHED, Brain, ServerProcess, configure, write_files

STATE = ".claude/agent-brain"
KEPT = "def kept_here():\n    return 1\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path.resolve() / "my shop"
    project.mkdir()
    write_files(project, {"kept.py": KEPT, ".claude/notes.md": "# Notes\n\nkept_here too\n"})
    return project


def set_up(root: Path, *folders: str, watch: bool = False) -> None:
    configure(root, index={"watch": watch, "folders": list(folders)})
    write_files(root, {f"{STATE}/logs/server.txt": "kept_here in the log\n", f"{STATE}/x.py": KEPT})


async def files(brain: Brain) -> set[str]:
    found: set[str] = set()
    for word in ("kept_here", "test token", "agent brain token", "folders watch port", "pid url version"):
        found |= await brain.paths(word)
    return found


NAMINGS = {
    "itself": [STATE],
    "beside the project": [".", STATE],
    "below it": [".", f"{STATE}/logs"],
    "by detours": [".", f"src/../{STATE}/."],
    "by a link": [".", "linked"],
    "by a link below": [".", "linked/logs"],
    "above it": [".", ".claude"],
}


@pytest.mark.parametrize("folders", NAMINGS.values(), ids=list(NAMINGS))
async def test_it_is_not_indexed(folders: list[str], root: Path) -> None:
    set_up(root, *folders)
    (root / "linked").symlink_to(STATE)
    (root / "src").mkdir()
    async with Brain(root) as brain:
        job = await brain.index()
        assert await files(brain) <= {"kept.py", ".claude/notes.md"}
        refused = [problem for problem in job["progress"]["problems"] if "state directory" in problem]
        assert len(refused) == (".claude" not in folders)
        assert all(folders[-1] in problem for problem in refused)
        for path in ("config.yaml", "x.py", "logs/server.txt", "server.json"):
            response = await brain.http.get("/query/lines", params={"path": f"{STATE}/{path}", "first": 1, "last": 2})
            assert response.status_code == 404


async def test_patterns_and_folders_above_do_not_let_it_in(root: Path) -> None:
    set_up(root, ".")
    everything = ["*", "**/*", "/.claude/**", ".env*", "/.env.agent-brain"]
    async with Brain(root) as brain:
        for path in (".", ".claude", str(root.parent)):
            body = {"path": path, "include": everything}
            added = await brain.call("POST", "/index/folders", json=body)
            await brain.wait(added["job"]["id"])
        await brain.index()
        found = await files(brain)
        assert {"kept.py", ".claude/notes.md"} <= found
        assert [path for path in found if "agent-brain" in path] == []


@pytest.mark.parametrize("path", [STATE, f"{STATE}/logs", "linked", f"{STATE}/../agent-brain"])
async def test_it_cannot_be_added(path: str, root: Path) -> None:
    set_up(root, ".")
    (root / "linked").symlink_to(STATE)
    async with Brain(root) as brain:
        problem = await brain.call("POST", "/index/folders", 422, json={"path": path})
        assert STATE in problem["detail"]
        assert [one["path"] for one in (await brain.call("GET", "/index/folders"))["folders"]] == ["."]


@pytest.mark.parametrize("folders", [[".", STATE], [".", ".claude"], [".", f"{STATE}/logs"]])
def test_the_server_does_not_follow_its_own_writing(folders: list[str], root: Path) -> None:
    set_up(root, *folders, watch=True)
    with ServerProcess(root) as server:
        time.sleep(2.0)
        jobs = server.http.get("/index/jobs", params={"limit": 200}).json()["jobs"]
        assert all(job["state"] in FINISHED for job in jobs)
        assert len(jobs) <= 3
        assert server.http.get("/health/status").json()["watcher"]["state"] == "watching"


@pytest.mark.parametrize("name", ["index.db", "notes.txt", "kept"])
def test_an_index_that_lies_among_the_files_is_not_followed(name: str, root: Path) -> None:
    configure(root, index={"watch": True}, storage={"url": f"sqlite:///{name}"})
    with ServerProcess(root) as server:
        time.sleep(2.0)
        jobs = server.http.get("/index/jobs", params={"limit": 200}).json()["jobs"]
        assert len(jobs) <= 3
