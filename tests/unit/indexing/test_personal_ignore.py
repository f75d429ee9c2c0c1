"""The person's own ignore file, compared with what git itself leaves out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from support.walking import walk

LIMITS = WalkLimits(max_file_bytes=1000)

CONFIGURED = {
    "named": ("[core]\n\texcludesFile = ~/mine\n", "mine"),
    "quoted": ('[user]\n\tname = x\n[Core]\n\tEXCLUDESFILE = "~/my own" ; a comment\n', "my own"),
    "on one line": ("[core] excludesfile=~/mine # a comment\n", "mine"),
    "the last one": ("[core]\nexcludesFile = ~/other\n[core]\nexcludesFile = ~/mine\n", "mine"),
    "of another section": (
        '[core "x"]\n\texcludesFile = ~/mine\n[alias]\nexcludesfile = ~/mine\n',
        ".config/git/ignore",
    ),
    "by default": ("", ".config/git/ignore"),
}


def left(root: Path) -> set[str]:
    return {entry.path for entry in walk(root, [Folder(".")], LIMITS).files}


@pytest.mark.parametrize("case", CONFIGURED)
def test_it_is_read_as_git_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    configuration, ignore = CONFIGURED[case]
    home, root = tmp_path / "home", tmp_path / "project"
    root.mkdir()
    (home / ignore).parent.mkdir(parents=True)
    (home / ".gitconfig").write_text(configuration)
    (home / ignore).write_text("*.tmp\n/only-here\n!kept.tmp\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for name in ("a.py", "b.tmp", "kept.tmp", "only-here", "sub/only-here", "sub/c.tmp"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("text\n")
    (root / ".gitignore").write_text("!sub/c.tmp\n")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    by_git = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()
    assert left(root) == set(by_git) == {"a.py", "kept.tmp", "sub/only-here", "sub/c.tmp", ".gitignore"}


def test_outside_of_a_repository_it_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "git").mkdir(parents=True)
    (tmp_path / "config" / "git" / "ignore").write_text("*.py\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("text\n")
    assert left(root) == {"a.py"}
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert left(root) == set()
