"""Without a watcher, a moved file is not answered as if it were there, and the way to find it again is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project

SCRIPTS = Path(__file__).parents[2] / "plugin" / "scripts"
BEACON = "def beacon():\n    return 1\n"
NOTICE = "1 file that was found is not there any more. If files were moved, run: agent-brain index"
# The plugin's scripts are not a package: they run in a process of their own, as the client runs them.
ANSWER = """
import sys
sys.path.insert(0, sys.argv[1])
from answers import search_text

passage = {"path": "a.py", "start_line": 1, "end_line": 2, "symbol": "a", "kind": "function", "score": 1.0,
           "text": "def a(): ...", "stale": True, "gone": True}
print(search_text({"results": [passage], "truncated": False, "notice": sys.argv[2]}, 2000))
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "project") as made:
        made.write({"old.py": BEACON, "other.py": "def other():\n    return 2\n"})
        made.set_up()  # without a watcher
        made.ok("index", "--wait")
        yield made


def test_a_moved_file_is_not_answered_under_its_old_path(project: CliProject) -> None:
    (project.root / "old.py").rename(project.root / "new.py")
    found = project.run("search", "--mode", "bm25", "beacon")
    assert found.returncode == 0
    assert "old.py" not in found.stdout or "the file is not there any more" in found.stdout
    assert NOTICE in found.stderr
    project.follow(f"{NOTICE.partition('run: ')[2]} --wait")
    found = project.run("search", "--mode", "bm25", "beacon")
    assert "new.py:1-2" in found.stdout
    assert "not there" not in found.stdout + found.stderr


def test_the_agent_sees_which_passage_has_no_file() -> None:
    done = subprocess.run([sys.executable, "-c", ANSWER, str(SCRIPTS), NOTICE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1. a.py:1-2 a 1 [gone: the file is not there any more]" in done.stdout
    assert f"({NOTICE})" in done.stdout
    assert "Stale" not in done.stdout
