"""Hundreds of rule sets with many wildcards, judged by git in one process."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from support.walking import admits, walk

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

RULE_SETS, FILES, RULES = 150, 14, 6
NAMES = ("a", "b", "aa", "ab", "ba", "aab", "abab", "a.c", "b.tar.c", "-", "é", "[a]", "a*", "a b", "1", "A", "_")
PIECES = (
    "a", "b", "ab", ".c", "-", "é", "A", "1", "*", "*", "**", "***", "?", "/", "/", "/**/", "**/", "/**", "*a", "a*",
    "[ab]", "[!a]", "[^b.]", "[a-c]", "[]-]", "[!]-]", "[[:alpha:]]", "[[:alnum:][:punct:]]", "[[:upper:]-a]", "\\*",
    "\\a", "\\/", "[/]", "[a/b]", "[\\]]", "[", "]", "{a,b}",
)  # fmt: skip


def git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout


def pattern(source: random.Random) -> str:
    text = "".join(source.choices(PIECES, k=source.randint(1, 7)))
    return source.choice(("", "", "", "!", "!", "/")) + text + source.choice(("", "", "", "/", "/*", "/**"))


def write_tree(root: Path, source: random.Random) -> None:
    """Make a directory with files and rules, and in some of its directories further rules."""
    root.mkdir()
    directories = [root]
    for _ in range(FILES):
        file = root.joinpath(*source.choices(NAMES, k=source.randint(1, 5)))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
        directories.append(file.parent)
    for directory in (root, *source.sample(directories, k=2)):
        rules = [pattern(source) for _ in range(source.randint(1, RULES))]
        (directory / ".gitignore").write_text("\n".join(rules))


@pytest.mark.parametrize("seed", [1])
def test_hundreds_of_rule_sets_are_judged_as_by_git(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    git(tmp_path, "init", "-q")
    for number in range(RULE_SETS):
        write_tree(tmp_path / f"{number}", source)
    listed = set(git(tmp_path, "ls-files", "--others", "--exclude-standard", "-z").decode().split("\0")) - {""}
    found = {entry.path for entry in walk(tmp_path, [Folder(".")], WalkLimits()).files}
    assert found == listed
    everything = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    for path in source.sample([path for path in everything if not path.startswith(".git/")], k=500):
        assert (admits(tmp_path, [Folder(".")], WalkLimits(), path) is not None) == (path in listed), path


def test_globs_of_requests_match_what_git_ignores(tmp_path: Path) -> None:
    """One rule a directory; git names each file with the rule that decides, or none."""
    source = random.Random(3)
    git(tmp_path, "init", "-q")
    rules: dict[str, str] = {}
    for number in range(RULE_SETS):
        write_tree(tmp_path / f"{number}", source)
        for file in (tmp_path / f"{number}").rglob(".gitignore"):
            file.unlink()
        rules[f"{number}"] = pattern(source).lstrip("!")
        (tmp_path / f"{number}" / ".gitignore").write_text(rules[f"{number}"])
    paths = [path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("[0-9]*/**/*") if path.is_file()]
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=tmp_path,
        input="\0".join(paths).encode(),
        capture_output=True,
    )
    assert asked.returncode == 0, asked.stderr
    ignored = set(asked.stdout.decode().split("\0"))
    for path in paths:
        number, _, inner = path.partition("/")
        assert matches(rules[number], inner) == (path in ignored), (rules[number], inner)


def matches(rule: str, path: str) -> bool:
    try:
        return path_matcher((rule,))(path)
    except ValueError:
        return False
