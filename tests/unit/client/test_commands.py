"""The parts of single commands that need no server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent_brain_client.answers import JobResponse, StatusResponse
from agent_brain_client.cli.index import outcome
from agent_brain_client.cli.session import project_path
from agent_brain_client.cli.status import status_lines
from agent_brain_client.errors import UsageError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = tmp_path.resolve() / "project"
    (project / "src").mkdir(parents=True)
    monkeypatch.chdir(project / "src")
    return project


def test_paths_are_named_from_the_root(root: Path) -> None:
    assert project_path(root, "a.py") == "src/a.py"
    assert project_path(root, "..") == "."
    assert project_path(root, "../docs/") == "docs"
    assert project_path(root, str(root / "x y")) == "x y"
    assert project_path(root, "../../other") == (root.parent / "other").as_posix()


def test_a_path_through_a_link_is_found_inside(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    assert project_path(root, str(root.parent / "link" / "src")) == "src"
    (root / "loop").symlink_to("loop")
    assert project_path(root, "../loop") == "loop"


def test_a_name_that_is_not_utf8_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        project_path(root, os.fsdecode(b"\xff.py"))


def job(state: str, **progress: Any) -> JobResponse:
    counts: dict[str, Any] = dict.fromkeys(
        ("files_done", "files_total", "files_changed", "files_removed", "files_failed", "chunks_done", "chunks_total"),
        0,
    )
    counts |= {"rate": 0.0, "eta_seconds": None, "current_file": "", "skipped": {}, "problems": [], "texts_embedded": 0}
    return JobResponse(
        id=3,
        state=state,  # type: ignore[typeddict-item]
        paths=[],
        force=False,
        created_at=0.0,
        started_at=1.0,
        finished_at=3.5,
        attempt=1,
        error="",
        progress={**counts, **progress},  # type: ignore[typeddict-item]
    )


def test_how_a_job_ended() -> None:
    done = job(
        "done", files_total=2, files_changed=1, files_failed=1, chunks_done=5, skipped={"secret": 1}, problems=["a\x1b"]
    )
    assert outcome(done).splitlines() == [
        "Indexed 2 files (1 changed, 0 removed, 1 failed), 5 chunks written, in 2.5 s.",
        "  left out: 1 secret. See: agent-brain index --report",
        "  a\\x1b",
    ]
    assert outcome(job("done", skipped={"ignored": 1})).splitlines() == [
        "No file was found that can be indexed.",
        "  left out: 1 ignored",
    ]
    assert "--watch 3" in outcome(job("queued"))
    assert outcome(job("done", files_total=2)) == "Up to date: 2 files looked at in 2.5 s, none has changed."
    assert "cancelled" in outcome(job("cancelled"))


def test_status_is_a_line_a_subject() -> None:
    status: StatusResponse = {
        "project": {"id": "x", "root": "/p"},
        "server": {
            "version": "1",
            "pid": 4,
            "port": 8317,
            "started_at": 0.0,
            "uptime_seconds": 60.0,
            "idle_stop_seconds": None,
        },
        "storage": {"backend": "sqlite", "location": "/p/.claude/agent-brain/index.db", "bytes": 1500},
        "embedding": {"name": "built-in v1", "dimensions": 256},
        "index": {"files": 1, "chunks": 2, "vectors": 2, "embedded_texts": 2, "languages": {"python": 1}},
        "watcher": {"state": "failed", "detail": "too many\nfiles"},
        "job": job("failed"),
        "jobs_queued": 1,
    }
    assert status_lines(status) == [
        "project     /p",
        "server      127.0.0.1:8317 · pid 4 · up 60 s · version 1",
        "storage     sqlite .claude/agent-brain/index.db (1.5 kB)",
        "embedding   built-in v1 (256)",
        "index       1 file · 2 chunks · job 3 failed:  · 1 job waiting",
        "watcher     failed: too many files",
        "languages   python 1",
    ]
