"""Where the user's own state is kept: never in the project, for any XDG_STATE_HOME."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_contract.paths import location_id
from support.attacker import Attacker
from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.terminal import ENTER, LEAVE, terminal


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"shop/retry.py": RETRY_SOURCE})
        yield made


def own_state(project: CliProject) -> Path:
    """Where the state is without the variable."""
    return Path(project.environment["HOME"]) / ".local" / "state" / "agent-brain"


def test_a_relative_state_directory_counts_as_none(project: CliProject) -> None:
    project.environment["XDG_STATE_HOME"] = "state"
    project.set_up()
    assert not (project.root / "state").exists()
    assert (own_state(project) / "ports.json").is_file()
    project.ok("search", "retry")


def test_the_answers_of_a_repository_are_no_draft(project: CliProject) -> None:
    draft = {"embedding": "openai-compatible", "embedding_url": "http://theirs.example/v1", "embedding_model": "m"}
    path = f"state/agent-brain/drafts/{location_id(project.root)}.json"
    project.write({path: json.dumps(draft)})
    with terminal(project, "setup", "--port", "8399", XDG_STATE_HOME="state") as screen:
        screen.answer("Where should the index live?", ENTER)
        screen.answer("Embeddings?", LEAVE)
        assert screen.end() == 130
    assert "Setup was not finished last time" not in screen.text
    assert json.loads((project.root / path).read_text()) == draft
    assert list((own_state(project) / "drafts").glob("*.json"))


def test_a_draft_follows_no_link(project: CliProject, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    drafts = tmp_path / "state" / "agent-brain" / "drafts"
    drafts.mkdir(parents=True)
    with terminal(project, "setup", "--port", "8399", XDG_STATE_HOME=str(tmp_path / "state")) as screen:
        screen.see("Where should the index live?")
        (drafts / f"{location_id(project.root)}.{screen.child.pid}").symlink_to(kept)
        screen.press(ENTER)
        screen.answer("Embeddings?", LEAVE)
        assert screen.end() == 130
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("place", ["shop/state", "shop/../shop/.claude/state"])
def test_a_state_directory_in_the_project_is_refused(project: CliProject, tmp_path: Path, place: str) -> None:
    project.set_up()
    inside = {"XDG_STATE_HOME": str(tmp_path / place)}
    for command in (("search", "retry"), ("setup", "--yes"), ("start",), ("uninstall", "--yes")):
        done = project.run(*command, **inside)
        assert done.returncode == 2, (command, done.stdout, done.stderr)
        assert "inside" in done.stderr
        assert done.stderr.strip().endswith("Run: unset XDG_STATE_HOME")
    findings = {one["id"]: one for one in json.loads(project.run("doctor", "--json", **inside).stdout)["findings"]}
    assert findings["setup"]["fix"] == "unset XDG_STATE_HOME"
    assert not (tmp_path / place / "agent-brain").exists()
    project.ok("search", "retry")


def test_a_record_that_the_repository_brings_is_not_used(tmp_path: Path) -> None:
    with Attacker() as attacker, cli_project(tmp_path / "repository" / "inner", git=False) as project:
        top = project.root.parent
        project.environment["HOME"] = str(tmp_path)
        subprocess.run(["git", "init", "--quiet"], cwd=top, check=True, env=project.environment)
        project.write({"shop/retry.py": RETRY_SOURCE})
        theirs = {"XDG_STATE_HOME": str(tmp_path / "theirs")}
        flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch", "--port", "8398")
        project.ok("setup", "--yes", "--no-verify", "--project", ".", *flags, "--embedding-url", attacker.url, **theirs)
        (tmp_path / "theirs").rename(top / "state")
        done = project.run("search", "retry", "--project", ".", XDG_STATE_HOME=str(top / "state"))
        assert done.returncode == 2
        assert str(top) in done.stderr
        assert attacker.connections == 0
