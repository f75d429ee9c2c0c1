"""Which directories of the index lie on a file system that reports no change made elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.watching import mounts


def table(*mounted: tuple[Path | str, str]) -> str:
    places = ((str(place).replace(" ", "\\040"), kind) for place, kind in mounted)
    return "".join(f"36 35 98:0 / {place} rw master:1 - {kind} source rw\n" for place, kind in places)


@pytest.mark.parametrize(
    ("kind", "silent"),
    [("nfs4", True), ("9p", True), ("fuse.sshfs", True), ("virtiofs", True), ("ext4", False), ("fuseblk", False)],
)
def test_the_type_of_the_innermost_mount_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, silent: bool
) -> None:
    root = tmp_path / "my shop"
    (root / "data").mkdir(parents=True)
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
    tree = FileTree(root.resolve(), [Folder(".")], WalkLimits())
    around = table(("/", "nfs4"), (root, "btrfs"), (root, kind), (f"{root}-old", "nfs"))
    mounts.MOUNTS.write_text(around)
    assert mounts.silent_places(tree) == ({str(root): kind} if silent else {})
    inside = table(("/", "ext4"), (root / "data", kind), (root / ".git" / "x", kind))
    mounts.MOUNTS.write_text(inside)
    assert mounts.silent_places(tree) == ({f"{root}/data": kind} if silent else {})


def test_without_a_list_of_mounts_nothing_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")
    assert mounts.silent_places(FileTree(tmp_path.resolve(), [Folder(".")], WalkLimits())) == {}
    assert mounts.described({}) == ""
