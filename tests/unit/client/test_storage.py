"""What `agent-brain storage` hands to the process that does it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agent_brain_client.cli.entry import run
from agent_brain_client.cli.registry import COMMANDS
from support.consent import accept

URL = "postgresql://me:very%20secret@db.example/brain"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], Mapping[str, str]]]:
    """The command lines and environments of what the command becomes."""
    calls: list[tuple[Sequence[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda program, command, environment: calls.append((command, environment)))
    monkeypatch.setattr("agent_brain_client.cli.storage.DIRECTORY", os.curdir)
    monkeypatch.setattr("subprocess.call", lambda command, cwd, env: calls.append((command, env)) or 0)
    return calls


@pytest.fixture
def root(tmp_path: Path) -> Path:
    state = tmp_path / ".claude" / "agent-brain"
    state.mkdir(parents=True)
    (state / "config.yaml").write_text("{}", "utf-8")
    accept(tmp_path)
    return tmp_path


def test_a_url_goes_through_the_environment_and_never_through_arguments(
    root: Path, started: list[tuple[Sequence[str], Mapping[str, str]]]
) -> None:
    run(["--project", str(root), "storage", "copy", "--to", URL, "--resume", "--json"], COMMANDS)
    command, environment = started[0]
    assert command[:4] == [sys.executable, "-I", "-X", "utf8"]
    assert command[6:] == ["agent_brain_server", "storage", "copy", "--project", str(root), "--resume", "--json"]
    assert environment["AGENT_BRAIN_COPY_TO"] == URL
    assert environment["AGENT_BRAIN_COPY_FROM"] == ""
    assert environment["PATH"] == os.environ["PATH"]


def test_questions_are_found_from_where_the_user_is(
    root: Path, started: list[tuple[Sequence[str], Mapping[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    run(["storage", "verify", "--from", URL, "--to", "current", "--queries", "asked.txt"], COMMANDS)
    command, environment = started[0]
    assert command[-2:] == ["--queries", str(root / "asked.txt")]
    assert (environment["AGENT_BRAIN_COPY_FROM"], environment["AGENT_BRAIN_COPY_TO"]) == (URL, "current")


def test_the_help_says_who_can_see_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["storage", "--help"], COMMANDS) == 0
    shown = capsys.readouterr().out
    assert "can see a password in an argument" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 120
