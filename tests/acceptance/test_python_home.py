"""PYTHONHOME is for another Python: neither the plugin's command nor the one that `make` installs reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import COMMAND, clean_environment

SCRIPT = str(Path(__file__).parents[2] / "plugin" / "scripts" / "agent-brain")


@pytest.mark.parametrize("command", [COMMAND, SCRIPT])
@pytest.mark.parametrize("home", ["/nowhere", "."])
def test_the_command_runs(command: str, home: str, tmp_path: Path) -> None:
    variables = clean_environment(tmp_path, PYTHONHOME=home, AGENT_BRAIN_PYTHON=sys.executable)
    done = subprocess.run([command, "version"], env=variables, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("agent-brain ")


def test_the_command_is_found_by_its_name_and_through_a_link(tmp_path: Path) -> None:
    """Its script names its Python by the path, so that it may be called from anywhere."""
    (tmp_path / "linked").symlink_to(COMMAND)
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    for command in ("agent-brain", str(tmp_path / "linked")):
        variables = clean_environment(tmp_path, PATH=path, PYTHONHOME="/nowhere")
        done = subprocess.run([command, "version"], env=variables, cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
