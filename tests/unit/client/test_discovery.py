"""Finding the project, its token and its server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent_brain_client.discovery import find_root, find_server, find_token, read_server_file, require_set_up
from agent_brain_client.errors import ConsentNeededError, NotSetUpError, UsageError
from agent_brain_client.wire import location_id
from support.consent import accept


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """outer (set up) / repository (git) / package / module"""
    deepest = tmp_path / "outer" / "repository" / "package" / "module"
    deepest.mkdir(parents=True)
    (tmp_path / "outer" / "repository" / ".git").mkdir()
    return tmp_path.resolve() / "outer"


def set_up(root: Path) -> None:
    state = root / ".claude" / "agent-brain"
    state.mkdir(parents=True)
    (state / "config.yaml").write_text("")
    accept(root)


def test_the_flag_goes_before_the_variable(tree: Path) -> None:
    environment = {"AGENT_BRAIN_PROJECT": str(tree / "repository")}
    assert find_root(str(tree), environment=environment) == tree
    assert find_root(None, environment=environment) == tree / "repository"


@pytest.mark.parametrize("environment", [{}, {"AGENT_BRAIN_PROJECT": ""}])
def test_the_nearest_set_up_ancestor_then_git_then_here(tree: Path, environment: dict[str, str]) -> None:
    here = tree / "repository" / "package" / "module"
    assert find_root(None, here, environment) == tree / "repository"
    set_up(tree)
    assert find_root(None, here, environment) == tree
    set_up(here.parent)
    assert find_root(None, here, environment) == here.parent


def test_a_worktrees_git_file_marks_a_root(tree: Path) -> None:
    worktree = tree / "worktree"
    (worktree / "a").mkdir(parents=True)
    (worktree / ".git").write_text("gitdir: elsewhere")
    assert find_root(None, worktree / "a", {}) == worktree


def test_what_is_named_must_be_there(tree: Path) -> None:
    with pytest.raises(UsageError, match="--project"):
        find_root(str(tree / "none"))
    with pytest.raises(UsageError, match="AGENT_BRAIN_PROJECT"):
        find_root(None, environment={"AGENT_BRAIN_PROJECT": str(tree / "none")})


def test_a_directory_that_is_gone_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tree / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="--project"):
        find_root(None, environment={})


def test_links_are_resolved(tree: Path) -> None:
    link = tree / "link"
    link.symlink_to(tree / "repository")
    assert find_root(str(link)) == tree / "repository"


def test_the_tokens_order_is_the_servers(tree: Path) -> None:
    set_up(tree)
    (tree / ".env").write_text("AGENT_BRAIN_TOKEN=third\n")
    with pytest.raises(NotSetUpError, match="setup --yes"):
        find_token(tree, {})
    (tree / ".env.agent-brain").write_text("AGENT_BRAIN_TOKEN=second\n")
    with pytest.raises(ConsentNeededError, match="another token"):
        find_token(tree, {})
    accept(tree)
    assert find_token(tree, {}) == "second"
    assert find_token(tree, {"AGENT_BRAIN_TOKEN": "first"}) == "first"


def test_set_up_means_a_record(tree: Path) -> None:
    (tree / ".claude" / "agent-brain").mkdir(parents=True)
    (tree / ".claude" / "agent-brain" / "config.yaml").write_text("")
    with pytest.raises(NotSetUpError):
        require_set_up(tree)
    accept(tree)
    require_set_up(tree)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"url": "http://example.org:80"},
        {"url": "https://127.0.0.1:80"},
        {"url": "http://127.0.0.1"},
        {"url": "http://127.0.0.1:99999"},
        {"url": "file:///etc/passwd"},
        {"pid": 0},
        {"pid": -1},
        {"pid": "many"},
        {"pid": 10**30},
        {"project_id": "0"},
        {"started_at": None},
    ],
)
def test_only_a_claim_of_this_project_on_this_machine_counts(tree: Path, changed: dict[str, object]) -> None:
    set_up(tree)
    claim = {
        "url": "http://127.0.0.1:9",
        "pid": os.getpid(),
        "project_id": location_id(tree),
        "version": "1",
        "started_at": 1.0,
        **changed,
    }
    (tree / ".claude" / "agent-brain" / "server.json").write_text(json.dumps(claim))
    read = read_server_file(tree)
    assert read == claim if not changed or changed == {"pid": 10**30} else read is None
    assert find_server(tree) is None
