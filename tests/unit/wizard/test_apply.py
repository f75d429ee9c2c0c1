"""Writing a plan: all of it or nothing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from agent_brain_wizard.apply import apply_plan
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan import FileWrite, Plan

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
