"""Writing a plan: all of it or nothing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan.apply import apply_plan
from agent_brain_wizard.plan.plan import FileWrite, Plan

PLAN = Plan((FileWrite("a/b/one", b"1", 0o644, "new"), FileWrite("two", b"2", 0o600, "new")))


def test_files_get_their_content_and_mode(tmp_path: Path) -> None:
    apply_plan(tmp_path, PLAN)
    assert (tmp_path / "a/b/one").read_bytes() == b"1"
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "one", "two"]


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two").write_bytes(b"old")
    calls = iter([None, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])

    def fsync(descriptor: int) -> None:
        failure = next(calls)
        if failure:
            raise failure

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SetupError, match="No space left on device"):
        apply_plan(tmp_path, PLAN)
    assert [path.name for path in tmp_path.rglob("*")] == ["two"]
    assert (tmp_path / "two").read_bytes() == b"old"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(SetupError, match="cannot be written"):
        apply_plan(tmp_path, PLAN)
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


def test_a_secret_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    apply_plan(tmp_path, Plan((PLAN.writes[1],)))
    assert modes[0] == 0o600


def test_where_one_file_cannot_be_replaced_the_others_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two").write_bytes(b"old")
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        if target.name == "three":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(source), None, str(target))
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(SetupError, match=r"three cannot be written: Device or resource busy. Nothing was changed."):
        apply_plan(tmp_path, Plan((*PLAN.writes, FileWrite("three", b"3", 0o644, "new"))))
    assert [path.name for path in tmp_path.rglob("*")] == ["two"]
    assert (tmp_path / "two").read_bytes() == b"old"


def test_what_a_killed_setup_left_is_removed(tmp_path: Path) -> None:
    for name in (".two.0123abcd.tmp", ".two.tmp", ".twofold.0123abcd.tmp"):
        (tmp_path / name).write_bytes(b"token")
    apply_plan(tmp_path, PLAN)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        ".two.tmp",
        ".twofold.0123abcd.tmp",
        "one",
        "two",
    ]
