"""`make quickstart` on a project that was never set up: what it says of the first index, and what it answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.cli import COMMAND, RETRY_SOURCE, cli_project

ROOT = Path(__file__).parents[2]
FILES = 5
QUESTION = "seconds to wait before a failed request is sent again"


@pytest.mark.slow
def test_the_first_run_says_what_it_has_indexed(tmp_path: Path) -> None:
    with cli_project(tmp_path / "my shop") as project:
        project.write({f"part{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(FILES)})
        project.write({"retry.py": RETRY_SOURCE})
        binaries = os.path.relpath(Path(COMMAND).parent, ROOT)
        given = [f"PROJECT={project.root}", f"QUESTION={QUESTION}"]
        done = subprocess.run(
            ["make", "quickstart", "-o", ".venv/.installed", f"BIN={binaries}", *given],
            cwd=ROOT,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout
        setting_up, _, answer = done.stdout.partition(f"? {QUESTION}")
        held = project.json("status")["index"]
        assert held["files"] >= FILES + 1
        said = [line for line in setting_up.splitlines() if "ndexed " in line or "Up to date" in line]
        assert len(said) == 1, setting_up
        assert f"Indexed {held['files']} files, {held['chunks']} chunks" in said[0]
        assert "retry.py:1-3" in answer
