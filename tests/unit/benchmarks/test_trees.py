"""The source trees that are indexed for measuring come from a registry that keeps old versions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.retrieval import packages
from benchmarks.retrieval.packages import Package, unpacked
from benchmarks.trees import LARGEST_BYTES, TREES, _copy


def test_no_tree_is_asked_of_a_distribution() -> None:
    assert {package.registry for _, package, _, _ in TREES} <= {"pypi", "npm"}
    assert {len(package.sha256) for _, package, _, _ in TREES} == {64}


def test_files_that_would_be_left_out_are_not_taken(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    (sources / "a").mkdir(parents=True)
    (sources / "a" / "large.c").write_text("/" * (LARGEST_BYTES + 1))
    for name in ("one.c", "two.h", "three.py"):
        (sources / "a" / name).write_text("\n")
    _copy(sources, tmp_path / "all", (".c", ".h"), 2)
    assert sorted(path.name for path in (tmp_path / "all").rglob("*.*")) == ["one.c", "two.h"]
    with pytest.raises(ValueError, match="has 2 files to index, not 3"):
        _copy(sources, tmp_path / "more", (".c", ".h"), 3)


def test_an_archive_comes_from_a_python_that_has_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that uv makes has no pip, which was the end of every fetch from PyPI."""
    asked: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        return subprocess.CompletedProcess(command, int(command[0] == sys.executable))

    monkeypatch.setattr(packages.subprocess, "run", run)
    monkeypatch.setattr(packages.shutil, "which", lambda name: "/bin/sh")
    package = Package("p", "test", "pypi", "p", "1.0", "0" * 64)
    with pytest.raises(ValueError, match=r"pypi p 1\.0: no archive has the pinned hash"):
        unpacked(package, tmp_path)
    assert asked[-1][:4] == ["/bin/sh", "-m", "pip", "download"]
    assert asked[-1][-1] == "p==1.0"
