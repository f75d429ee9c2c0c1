"""Ignore files of any size and kind: what cannot be in force as a whole leaves its directory out, and is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.ignore import LARGEST_RULES, LARGEST_WILDCARDS, LONGEST_LINE
from agent_brain_server.indexing.walking.index_root import DEEPEST
from agent_brain_server.indexing.walking.walk_result import WalkLimits, WalkResult
from support.brain import write_files
from support.walking import admits, walk


def walked(root: Path, folder: str = ".") -> WalkResult:
    return walk(root, [Folder(folder)], WalkLimits())


def paths(root: Path) -> list[str]:
    return [entry.path for entry in walked(root).files]


def wildcards(octets: int, mark: str = "x") -> str:
    return f"*{mark}{'?' * 97}\n" * (octets // 99)


@pytest.mark.parametrize("name", [".gitignore", ".agent-brainignore"])
@pytest.mark.parametrize(
    "rules", ["a" * 100 + "\n" + "b\n" * LARGEST_RULES, wildcards(2 * LARGEST_WILDCARDS)], ids=["bytes", "wildcards"]
)
def test_a_directory_with_too_many_rules_is_left_out_and_named(tmp_path: Path, name: str, rules: str) -> None:
    write_files(tmp_path, {f"big/{name}": rules, "big/inner/x.py": "", "other/y.py": ""})
    result = walked(tmp_path)
    assert [entry.path for entry in result.files] == ["other/y.py"]
    assert result.skipped == {"ignore_rules": 1}
    assert len(result.problems) == 1
    assert f"big/{name}" in result.problems[0]
    assert admits(tmp_path, [Folder(".")], WalkLimits(), "big/inner/x.py") is None


def test_a_file_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": "", "sub/b.py": ""})
    with (tmp_path / "sub" / ".gitignore").open("wb") as file:
        file.truncate(100_000_000)
    result = walked(tmp_path)
    assert [entry.path for entry in result.files] == ["a.py"]
    assert "larger than 1,000,000 bytes" in result.problems[0]


def test_rules_of_nested_directories_count_together(tmp_path: Path) -> None:
    half = LARGEST_WILDCARDS * 2 // 3
    write_files(tmp_path, {".gitignore": wildcards(half), "a/.gitignore": "*.log\n", "a/x.py": "", "a/y.log": ""})
    write_files(tmp_path, {"b/.gitignore": wildcards(half, "y"), "b/c/x.py": ""})
    result = walked(tmp_path)
    assert [entry.path for entry in result.files] == [".gitignore", "a/.gitignore", "a/x.py"]
    assert len(result.problems) == 1
    assert f"{tmp_path}/b and above" in result.problems[0]


def test_rules_above_the_folder_count_too(tmp_path: Path) -> None:
    write_files(tmp_path, {".gitignore": wildcards(2 * LARGEST_WILDCARDS), "inner/x.py": ""})
    result = walked(tmp_path, "inner")
    assert result.files == ()
    assert "the folder inner is left out" in result.problems[0]


def test_thousands_of_plain_names_are_no_trouble(tmp_path: Path) -> None:
    names = "".join(f"generated_{number:05d}.py\nout/{number}/x.py\n" for number in range(20_000))
    write_files(tmp_path, {".gitignore": names, "generated_00007.py": "", "out/9/x.py": "", "out/9/y.py": ""})
    assert paths(tmp_path) == [".gitignore", "out/9/y.py"]


def test_a_line_longer_than_any_path_is_passed_over(tmp_path: Path) -> None:
    write_files(tmp_path, {".gitignore": "*" * (LONGEST_LINE + 1) + "\n*.log\n", "a.py": "", "b.log": ""})
    write_files(tmp_path, {"sub/.gitignore": "\\ " * (LARGEST_RULES // 2 - 10), "sub/b.py": ""})
    assert paths(tmp_path) == [".gitignore", "a.py", "sub/.gitignore", "sub/b.py"]


@pytest.mark.parametrize("name", [".gitignore", ".agent-brainignore", ".git", ".git/info/exclude", "sub/.git"])
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_rules_has_none(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {"a.py": "", "sub/b.py": ""})
    if name == ".git/info/exclude":
        write_files(tmp_path, {".git/HEAD": "ref: refs/heads/main\n"})
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / name)
    assert paths(tmp_path) == ["a.py", "sub/b.py"]
    assert admits(tmp_path, [Folder(".")], WalkLimits(), "sub/b.py") is not None
    assert [entry.path for entry in walked(tmp_path, "sub").files] == ["sub/b.py"]


@pytest.mark.parametrize("content", [b"gitdir: a\0b\n", b"gitdir: pipes\n", b"\xff\xfe" * 50_000, b""])
@pytest.mark.timeout(20)
def test_a_git_file_that_names_no_repository_is_passed_over(tmp_path: Path, content: bytes) -> None:
    write_files(tmp_path, {"a.py": "", "sub/b.py": "", "sub/.git": content})
    (tmp_path / "sub" / "pipes" / "info").mkdir(parents=True)
    os.mkfifo(tmp_path / "sub" / "pipes" / "commondir")
    os.mkfifo(tmp_path / "sub" / "pipes" / "info" / "exclude")
    assert paths(tmp_path) == ["a.py", "sub/b.py"]


def test_directories_deeper_than_any_tree_of_people_are_left_out(tmp_path: Path) -> None:
    deep = "/".join(["d"] * (DEEPEST + 3))
    write_files(tmp_path, {f"{deep}/x.py": "", "d/d/y.py": "", "/".join(["d"] * DEEPEST) + "/z.py": ""})
    result = walked(tmp_path)
    assert {entry.path.rpartition("/")[2] for entry in result.files} == {"y.py", "z.py"}
    assert result.skipped == {"too_deep": 1}
    assert admits(tmp_path, [Folder(".")], WalkLimits(), f"{deep}/x.py") is None
