"""What becomes a link between the walk and the reading is not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.reading.lines import read_lines
from agent_brain_server.indexing.reading.prepare import ReadRequest, prepare_file
from agent_brain_server.indexing.walking import real_paths
from agent_brain_server.indexing.walking.real_paths import RealDirectories, is_real, open_real
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits


@pytest.mark.parametrize("moved", ["a/b/x.py", "a/b", "a", "."])
@pytest.mark.parametrize("by_parts", [True, False])
def test_no_part_of_the_path_may_have_become_a_link(
    moved: str, by_parts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_parts:  # as where the system knows no such way of opening
        monkeypatch.setattr(real_paths, "_BY_PATH", 0)
    root = tmp_path.resolve() / "project"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/x.py").write_text("x = 1\n")
    (entry,) = FileTree(root, [Folder("a")], WalkLimits()).walk().files
    assert prepare_file(ReadRequest(entry, "", 1000)).verdict == "indexed"
    assert read_lines(entry, 1000) == ["x = 1"]
    place = root / moved
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    assert (root / "a/b/x.py").read_text() == "x = 1\n"
    assert prepare_file(ReadRequest(entry, "", 1000)).verdict == "gone"
    assert read_lines(entry, 1000) is None
    assert not is_real(entry.absolute)


def test_a_tree_that_is_kept_follows_no_folder_that_becomes_a_link(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "project"
    for directory in (root / "d", tmp_path / "outside"):
        directory.mkdir(parents=True)
        (directory / "x.py").write_text("x = 1\n")
    tree = FileTree(root, [Folder("d")], WalkLimits())
    assert tree.admits("d/x.py") is not None
    (root / "d").rename(root / "d_old")
    (root / "d").symlink_to(tmp_path / "outside")
    assert tree.admits("d/x.py") is None
    assert tree.walk().problems == ("The folder d has been replaced by a link; it is left out.",)
    for path in ("d", "d/x.py", "."):
        assert tree.walk_beneath(path).files == ()


def test_opening_leaves_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    os.close(open_real((tmp_path / "x").as_posix(), os.O_RDONLY))
    for missing in ("gone", "x/y", "gone/y"):
        with pytest.raises(OSError, match=r"Not a directory|No such file"):
            open_real((tmp_path / missing).as_posix(), os.O_RDONLY)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_each_directory_is_looked_at_once(tmp_path: Path) -> None:
    real = RealDirectories()
    place = tmp_path.resolve() / "a"
    place.mkdir()
    assert place.as_posix() in real
    place.rename(tmp_path / "b")
    place.symlink_to(tmp_path / "b")
    assert place.as_posix() in real
    assert place.as_posix() not in RealDirectories()
