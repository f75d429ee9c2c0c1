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
from agent_brain_server.indexing.walk import WalkLimits, admits, walk

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

NAMES = ("a", "b", "ab", "aab", "a b", "x.c", "b.tar.c", "é", "A", "[a]", "a*", "-", "!a", "#a", "a ")
PIECES = (
    "a", "b", "ab", "A", "é", ".c", "x", " ", "\\ ", "*", "**", "***", "?", "/", "/", "**/", "/**", "[ab]", "[!a]", "[^b]",
    "[a-c]", "[]a]", "[[:alpha:]]", "[[:punct:]", "[", "]", "\\", "\\*", "!", "#", "-", "[\\]a]", "[a-", "\\a",
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
    """Writes a file unless a file or directory is in its way."""
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


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
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
