"""`make quickstart` takes the path and the question as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
"""


@pytest.mark.parametrize(
    "name", ["a $(x)", "b $(shell touch made)", "c ${HOME} $$ $x", "d 'q' \"q\" `touch made`", "-e"]
)
@pytest.mark.parametrize("by", ["argument", "environment"])
def test_nothing_in_a_path_or_a_question_is_expanded(tmp_path: Path, name: str, by: str) -> None:
    project, log, binaries = tmp_path / name, tmp_path / "log", tmp_path / "bin"
    project.mkdir()
    binaries.mkdir()
    (binaries / "agent-brain").write_text(COMMAND.format(python=sys.executable, log=str(log)))
    (binaries / "agent-brain").chmod(0o755)
    question = f"where is {name}"
    given = {"PROJECT": str(project), "QUESTION": question}
    arguments = [f"{key}={value}" for key, value in given.items()] if by == "argument" else []
    installed = ["-o", ".venv/.installed", f"BIN={os.path.relpath(binaries, ROOT)}"]
    done = subprocess.run(
        ["make", "quickstart", *installed, *arguments],
        cwd=ROOT,
        env={**os.environ, **(given if by == "environment" else {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert [call[:2] for call in calls] == [["--project", str(project)]] * 2
    assert calls[-1][-1] == question
    assert not [made for place in (ROOT, project, tmp_path) if (made := place / "made").exists()]
