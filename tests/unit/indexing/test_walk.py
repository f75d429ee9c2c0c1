"""The walk on real trees: what is taken, what is left out and why."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits, WalkResult
from support.walking import accept_all, admits, walk

LIMITS = WalkLimits(max_file_bytes=1000, max_document_bytes=5000)


def write(root: Path, *paths: str, text: str = "x\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def names(result: WalkResult) -> list[str]:
    return [entry.path for entry in result.files]


def test_an_entry_says_where_the_file_is_and_how_it_was(tmp_path: Path) -> None:
    write(tmp_path, "src/a.py", text="hello")
    (entry,) = walk(tmp_path, [Folder("src")], LIMITS).files
    status = (tmp_path / "src/a.py").stat()
    assert (entry.path, entry.absolute) == ("src/a.py", (tmp_path / "src/a.py").as_posix())
    assert (entry.folder, entry.size, entry.mtime_ns) == ("src", 5, status.st_mtime_ns)


def test_files_come_in_order_and_with_their_names_as_on_disk(tmp_path: Path) -> None:
    paths = ["a b/c d.md", "b.py", "e\u0301.md", "z/é.py", "日本/語.md"]
    write(tmp_path, *reversed(paths))
    assert names(walk(tmp_path, [Folder(".")], LIMITS)) == paths


def test_what_is_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    write(
        tmp_path, "kept.py", "node_modules/a.js", ".git/HEAD", "x/__pycache__/a.pyc", ".claude/agent-brain/config.yaml"
    )
    write(tmp_path, ".env", ".ssh/config", "logo.PNG", "lib.so", "notes.log", "env/pyvenv.cfg", "env/lib.py")
    write(tmp_path, ".gitignore", text="*.log\n")
    write(tmp_path, "large.py", text="x" * 1001)
    write(tmp_path, "paper.pdf", text="x" * 4000)
    (tmp_path / "link.py").symlink_to("kept.py")
    result = walk(tmp_path, [Folder(".")], LIMITS)
    assert names(result) == [".gitignore", "kept.py", "paper.pdf"]
    assert result.skipped == {"ignored": 6, "secret": 2, "binary": 2, "too_large": 1, "link": 1}
    assert result.problems == ()


def test_what_is_not_a_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        assert walk(tmp_path, [Folder(".")], LIMITS).skipped == {"not_a_file": 2}


def test_links_are_not_followed_and_loops_end(tmp_path: Path) -> None:
    write(tmp_path, "a/b.py")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "dangling").symlink_to("nowhere")
    result = walk(tmp_path, [Folder(".")], LIMITS)
    assert names(result) == ["a/b.py"]
    assert result.skipped == {"link": 2}


def test_a_folder_that_is_a_link_is_resolved(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/a.py", "project/src/b.py")
    project = tmp_path / "project"
    (project / "linked").symlink_to(tmp_path / "elsewhere")
    (project / "again").symlink_to("src")
    result = walk(project, [Folder("linked"), Folder("src"), Folder("again")], LIMITS)
    assert [(entry.path, entry.folder) for entry in result.files] == [
        ((tmp_path / "elsewhere/a.py").as_posix(), "linked"),
        ("src/b.py", "src"),
    ]


def test_a_root_that_is_a_link_gives_the_same_paths(tmp_path: Path) -> None:
    write(tmp_path, "real/a.py")
    (tmp_path / "link").symlink_to("real")
    root = tmp_path / "link"
    assert names(walk(root, [Folder("."), Folder(root.as_posix())], LIMITS)) == ["a.py"]
    assert admits(root, [Folder(".")], LIMITS, "a.py") is not None


def test_files_outside_of_the_project_have_absolute_paths(tmp_path: Path) -> None:
    write(tmp_path, "shared/a.py", "project/b.py")
    outside = (tmp_path / "shared/a.py").as_posix()
    assert names(walk(tmp_path / "project", [Folder("../shared"), Folder(".")], LIMITS)) == [outside, "b.py"]
    assert names(walk(tmp_path / "project", [Folder("..")], LIMITS)) == [outside, "b.py"]
    assert admits(tmp_path / "project", [Folder("../shared")], LIMITS, outside) is not None


def test_overlapping_folders_give_a_file_once_to_the_innermost(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "src/b.py", "src/deep/c.py", "src/deep/d.md")
    folders = [Folder("."), Folder("src/deep", include=("*.py",)), Folder("src"), Folder("src")]
    result = walk(tmp_path, folders, LIMITS)
    assert [(entry.path, entry.folder) for entry in result.files] == [
        ("a.py", "."),
        ("src/b.py", "src"),
        ("src/deep/c.py", "src/deep"),
    ]


def test_include_and_exclude_are_relative_to_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "src/a.py", "src/b.md", "src/gen/c.py", "src/gen/keep.py", "a.py")
    folder = Folder("src", include=("*.py",), exclude=("/gen/*", "!/gen/keep.py"))
    result = walk(tmp_path, [folder], LIMITS)
    assert names(result) == ["src/a.py", "src/gen/keep.py"]
    assert result.skipped == {"filtered": 2}
    assert names(walk(tmp_path, [Folder("src", exclude=("gen/",))], LIMITS)) == ["src/a.py", "src/b.md"]


def test_a_missing_folder_is_a_problem_and_the_others_are_walked(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "file.txt")
    result = walk(tmp_path, [Folder("gone"), Folder("file.txt"), Folder(".")], LIMITS)
    assert names(result) == ["a.py", "file.txt"]
    assert result.problems == (
        (
            "The folder gone does not exist; what the index holds of it is kept."
            " To drop it: agent-brain folders remove gone"
        ),
        (
            "The folder file.txt is not a directory; what the index holds of it is kept."
            " To drop it: agent-brain folders remove file.txt"
        ),
    )


def test_directories_that_cannot_be_read_are_named_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, *(f"closed{number:02}/a.py" for number in range(25)), "open/a.py")
    scandir = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:  # by permission it would not work for root
        if "/closed" in path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = walk(tmp_path, [Folder(".")], LIMITS)
    assert (names(result), result.skipped) == (["open/a.py"], {"unreadable": 25})
    assert len(result.problems) == 21
    assert result.problems[-1] == "There are 5 more problems like these."
    assert all("cannot be read (Permission denied)" in problem for problem in result.problems[:-1])


def test_names_that_are_not_utf8_are_counted(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"d\xff")).mkdir()
        (tmp_path / os.fsdecode(b"\xff.py")).write_text("x")
    except OSError:
        pytest.skip("this file system refuses such names")
    write(tmp_path, "a.py")
    result = walk(tmp_path, [Folder(".")], LIMITS)
    assert (names(result), result.skipped) == (["a.py"], {"unreadable": 2})


def test_a_directory_is_walked_as_part_of_the_whole(tmp_path: Path) -> None:
    write(tmp_path, "src/a.py", "src/b.log", "src/deep/c.py", "other.py", "build/x.py", "venv/y.py")
    write(tmp_path, ".gitignore", text="*.log\nbuild/\n")
    tree = FileTree(tmp_path, [Folder("."), Folder("src/deep")], LIMITS)
    assert names(tree.walk_beneath("src")) == ["src/a.py", "src/deep/c.py"]
    assert names(tree.walk_beneath("src/a.py")) == ["src/a.py"]
    assert names(tree.walk_beneath(".")) == names(tree.walk())
    for nothing in ("build", "build/x.py", "venv", "src/b.log", "gone", "..", "/"):
        expected = names(tree.walk()) if nothing in ("..", "/") else []
        assert names(tree.walk_beneath(nothing)) == expected


def test_paths_that_are_no_files_are_not_admitted(tmp_path: Path) -> None:
    write(tmp_path, "d/a.py", "outside.py")
    (tmp_path / "link").symlink_to("d")
    for path in ("d", "", ".", "link/a.py", "gone.py", "d/a.py/x", "../x", "\0", "/etc/hosts", "d/../../x"):
        assert admits(tmp_path, [Folder(".")], LIMITS, path) is None, path
    assert admits(tmp_path, [Folder("d")], LIMITS, "outside.py") is None
    assert admits(tmp_path, [Folder(".")], LIMITS, "./d/../d/a.py") is not None


PARTS = ("a", "b", "src", "x.py", "x.md", "y.log", ".env", "é", "node_modules", "pic.png", "CACHEDIR.TAG", ".git")
trees = st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("/".join), max_size=15)
globs = st.lists(st.sampled_from(("*.py", "src/", "/a/*", "!x.py", "a/**", "**/b", "*", "!*/", "y.*")), max_size=3)
folders = st.builds(
    lambda path, include, exclude: Folder(path, tuple(include), tuple(exclude)),
    st.sampled_from((".", "a", "src", "a/b", "../outer")),
    globs,
    globs,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees, globs, globs, st.lists(folders, min_size=1, max_size=3))
def test_a_single_path_gets_the_verdict_of_the_walk(
    paths: list[str], rules: list[str], own: list[str], folders: list[Folder]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve() / "root"
        for path in [*paths, "../outer/x.py", "../outer/src/y.log"]:
            try:
                write(root, path)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                continue
        (root / ".gitignore").write_text("\n".join(rules))
        (root / ".agent-brainignore").write_text("\n".join(own))
        tree = FileTree(root, folders, LIMITS, accept_all)
        walked = {entry.absolute: entry for entry in tree.walk().files}
        for file in root.parent.rglob("*"):
            found = admits(root, folders, LIMITS, file.as_posix())
            assert found == walked.get(file.as_posix())
            if found:
                assert admits(root, folders, LIMITS, found.path) == found
                assert tree.could_hold(found.path, directory=False)
            beneath = {entry.absolute for entry in tree.walk_beneath(file.as_posix()).files}
            assert beneath == {path for path in walked if f"{path}/".startswith(f"{file.as_posix()}/")}
