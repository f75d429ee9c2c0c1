"""git is the reference: the walk must list what `git ls-files` lists, over trees and rules made at random."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from support.walking import admits, walk

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

NAMES = ("a", "b", "ab", "aab", "a b", "x.c", "b.tar.c", "é", "A", "[a]", "a*", "-", "!a", "#a", "a ")
PIECES = (
    "a", "b", "ab", "A", "é", ".c", "x", " ", "\\ ", "*", "**", "***", "?", "/", "/", "**/", "/**", "[ab]", "[!a]",
    "[^b]", "[a-c]", "[]a]", "[[:alpha:]]", "[[:punct:]", "[", "]", "\\", "\\*", "!", "#", "-", "[\\]a]", "[a-", "\\a",
)  # fmt: skip

paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
patterns = st.builds(
    lambda before, pieces, after: before + "".join(pieces) + after,
    st.sampled_from(("", "", "", "!", "/", "!/", "\\!")),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5),
    st.sampled_from(("", "", "", "/", " ", "\r", "/*", "/**")),
)
rules = st.lists(patterns, max_size=5).map("\n".join)


def git(directory: Path, *arguments: str) -> str:
    ours = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env={**os.environ, **ours}, capture_output=True, check=True
    )
    return os.fsdecode(done.stdout)


def write(root: Path, path: str, text: str = "") -> None:
    """Write a file unless a file or directory is in its way."""
    file = root / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, newline="")
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        pass


def listed_by_git(root: Path) -> set[str]:
    return set(git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")) - {""}


def listed_by_walk(root: Path) -> set[str]:
    return {entry.path for entry in walk(root, [Folder(".")], WalkLimits()).files}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(paths, max_size=12), rules, st.dictionaries(paths, rules, max_size=3), rules)
@example(["ab/x/c", "abx/y/c", "abc"], "ab**/c", {}, "")
@example(["a/b", "b"], "*\n!*/\n!/b", {}, "")
@example(["a/b/c"], "a/**/*", {}, "")
@example(["é", "ab"], "?\n", {}, "")
def test_agrees_with_git(files: list[str], top: str, nested: dict[str, str], exclude: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        git(root, "init", "-q")
        for path in files:
            write(root, path)
        write(root, ".gitignore", top)
        for path, text in nested.items():
            write(root, f"{path}/.gitignore", text)
        write(root, ".git/info/exclude", exclude)
        found = listed_by_walk(root)
        assert found == listed_by_git(root)
        for file in root.rglob("*"):
            path = file.relative_to(root).as_posix()
            assert (admits(root, [Folder(".")], WalkLimits(), path) is not None) == (path in found)


def test_nested_repositories_have_rules_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*.log\nskipped/\n")
    for name in ("inner", "worktree", "skipped"):
        write(tmp_path, f"{name}/a.log")
        write(tmp_path, f"{name}/a.tmp")
    git(tmp_path / "inner", "init", "-q")
    git(tmp_path, "init", "-q")
    write(tmp_path, "inner/.git/info/exclude", "*.tmp\n")
    write(tmp_path, "real/modules/w/commondir", "../..\n")
    write(tmp_path, "real/info/exclude", "a.tmp\n")
    write(tmp_path, "worktree/.git", "gitdir: ../real/modules/w\n")
    found = listed_by_walk(tmp_path)
    assert {path for path in found if not path.startswith("real/")} == {
        ".gitignore", "inner/a.log", "worktree/a.log",
    }  # fmt: skip


def test_rules_above_the_folder_count_within_its_repository_only(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "outer.txt\n*.py\n")
    write(tmp_path, "repository/.git/HEAD", "ref: refs/heads/main\n")
    write(tmp_path, "repository/.gitignore", "*.log\n")
    write(tmp_path, "repository/project/.gitignore", "!kept.log\n")
    for name in ("outer.txt", "a.log", "kept.log", "a.py"):
        write(tmp_path, f"repository/project/src/{name}")
    found = walk(tmp_path / "repository" / "project", [Folder("src")], WalkLimits()).files
    assert [entry.path for entry in found] == ["src/a.py", "src/kept.log", "src/outer.txt"]


def test_a_folder_that_git_ignores_is_indexed_when_it_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "generated/\n")
    write(tmp_path, "generated/a.py")
    assert [entry.path for entry in walk(tmp_path, [Folder("generated")], WalkLimits()).files] == ["generated/a.py"]


def test_own_rules_win_over_git_but_not_over_what_is_never_indexed(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "generated/\n*.log\n")
    write(tmp_path, ".agent-brainignore", "!generated/\n!*.log\nvendor/\n!.env\n!node_modules/\n")
    for path in ("generated/api.py", "a.log", "vendor/x.py", ".env", "node_modules/x.js", "sub/b.log"):
        write(tmp_path, path)
    write(tmp_path, "sub/.gitignore", "b.log\n")
    assert listed_by_walk(tmp_path) == {
        ".agent-brainignore", ".gitignore", "a.log", "generated/api.py", "sub/.gitignore", "sub/b.log",
    }  # fmt: skip


def test_a_link_to_rules_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "rules", "*.py\n")
    write(tmp_path, "a.py")
    (tmp_path / ".gitignore").symlink_to("rules")
    assert listed_by_walk(tmp_path) == {"a.py", "rules"}


def test_a_hostile_pattern_takes_no_exponential_time(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", "*a" * 40 + "b\n" + "x/" + "*a" * 40 + "b\n")
    write(tmp_path, "a" * 200)
    write(tmp_path, "x/" + "a" * 200)
    assert len(listed_by_walk(tmp_path)) == 3
