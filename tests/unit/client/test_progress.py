"""Following a job."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from agent_brain_client import progress
from agent_brain_client.answers import JobResponse
from agent_brain_client.client import AgentBrainClient
from support.answering import Asked, Said, answering, as_json


def job(state: str, done: int) -> JobResponse:
    text = f"""{{"id": 1, "state": "{state}", "paths": [], "force": false, "created_at": 0, "started_at": 0,
        "finished_at": 1, "attempt": 1, "error": "", "progress": {{"files_done": {done}, "files_total": 9,
        "files_changed": 0, "files_removed": 0, "files_failed": 0, "chunks_done": 0, "chunks_total": 0,
        "texts_embedded": 0, "rate": 1.0, "eta_seconds": 1.0, "current_file": "[red]a.py", "skipped": {{}},
        "problems": []}}}}"""
    decoded: JobResponse = json.loads(text)
    return decoded


def states() -> Iterator[JobResponse]:
    for done in range(8):
        yield job("running", done)
    yield job("done", 9)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentBrainClient]:
    monkeypatch.setattr(progress.time, "sleep", lambda seconds: None)
    answers = states()

    def answer(asked: Asked) -> Said:
        return as_json({"job": job("running", 1)} if asked.path == "/health/status" else next(answers))

    with answering(answer) as url:
        yield AgentBrainClient(url, "t")


def test_a_quick_job_says_nothing(client: AgentBrainClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert progress.wait_for_job(client, job("queued", 0))["state"] == "done"
    assert capsys.readouterr() == ("", "")


def test_a_slow_job_says_a_line_now_and_then(
    client: AgentBrainClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    progress.wait_for_job(client, job("queued", 0))
    answer, notes = capsys.readouterr()
    assert answer == ""
    assert 2 <= len(notes.splitlines()) <= 5
    assert "/9 files" in notes


@pytest.mark.parametrize("seconds", [17, 100, 600])
def test_a_job_of_any_length_says_few_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """A tenth of the job each, or a quarter of a minute."""
    times, looks = 0.0, 5 * seconds
    answers = iter([*(job("running", 9 * at // looks) for at in range(looks)), job("done", 9)])

    def sleep(_: float) -> None:
        nonlocal times
        times += 0.2

    monkeypatch.setattr(progress.time, "sleep", sleep)
    monkeypatch.setattr(progress.time, "monotonic", lambda: times)
    with answering(lambda asked: as_json(next(answers))) as url:
        progress.wait_for_job(AgentBrainClient(url, "t"), job("running", 0))
    assert times >= seconds
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= 10 + seconds / 15


def test_a_terminal_gets_a_bar(
    client: AgentBrainClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda stream: True)
    assert progress.wait_for_job(client, job("running", 0))["state"] == "done"
    assert capsys.readouterr().out == ""
