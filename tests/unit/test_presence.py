"""What a server holds on to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_brain_server.process import presence
from agent_brain_server.process.presence import CodePresence, Presence


def test_a_place_that_never_was_is_lost(tmp_path: Path) -> None:
    """It was removed before anybody looked."""
    assert Presence([tmp_path / "gone"]).lost() == f"{tmp_path / 'gone'} is gone"


def test_a_place_that_is_added_later_is_held(tmp_path: Path) -> None:
    held = Presence([tmp_path])
    index = tmp_path / "index.db"
    index.touch()
    held.add([index])
    assert held.lost() == ""
    index.rename(tmp_path / "aside")
    index.touch()
    assert held.lost() == f"another file is in the place of {index}"


def test_code_is_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "agent_brain_server"
    (package / "__pycache__").mkdir(parents=True)
    module = package / "serve.py"
    module.write_text("x = 1\n")
    monkeypatch.setattr(presence, "code_directories", lambda: [package])
    code = CodePresence()
    (package / "__pycache__" / "serve.pyc").touch()
    (package / "new.py").touch()
    assert code.lost() == "", "what is new is not what runs"
    os.utime(module, (1, 1))
    assert code.lost() == f"{module} was replaced"
    module.unlink()
    assert code.lost() == f"{module} is gone"
