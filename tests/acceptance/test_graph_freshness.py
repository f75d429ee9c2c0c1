"""The graph says of which files it speaks that have changed or are gone, as search does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project

NOTICE = "not there any more. If files were moved, run: agent-brain index"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "project") as made:
        made.write(
            {
                "inner/far.py": "def far():\n    return 1\n\n\ndef other():\n    return far()\n",
                "near.py": "from inner.far import far\n\n\ndef near():\n    return far()\n",
            }
        )
        made.set_up()
        made.ok("folders", "add", "inner")
        made.ok("index", "--wait")
        yield made


def test_files_that_are_gone_are_marked(project: CliProject) -> None:
    (project.root / "inner").rename(project.root.parent / "elsewhere")  # a folder that is away keeps what is indexed
    answer = project.json("graph", "callers", "far")
    (definition,) = answer["definitions"]
    assert (definition["path"], definition["stale"], definition["gone"]) == ("inner/far.py", True, True)
    marked = {result["path"]: (result.get("stale"), result.get("gone")) for result in answer["results"]}
    assert marked == {"inner/far.py": (True, True), "near.py": (None, None)}
    assert all(result["target"]["gone"] for result in answer["results"])
    assert NOTICE in answer["notice"]
    shown = project.run("graph", "callers", "far")
    lines = [line for line in shown.stdout.splitlines() if line.lstrip("12 ").startswith("inner/far.py")]
    assert lines
    assert [line for line in lines if not line.endswith("the file is not there any more")] == []
    assert NOTICE in shown.stderr
    (project.root.parent / "elsewhere").rename(project.root / "inner")
    assert "not there" not in project.ok("graph", "callers", "far")


def test_a_file_that_has_changed_is_answered_as_it_is_now(project: CliProject) -> None:
    project.write({"near.py": "from inner.far import far\n\n\n# moved down\n\n\ndef near():\n    return far()\n"})
    answer = project.json("graph", "callers", "far")
    lines = {result["path"]: result["lines"] for result in answer["results"] if not result.get("stale")}
    assert lines.get("near.py", [8]) == [8]
    (project.root / "near.py").unlink()
    answer = project.json("graph", "callers", "far")
    assert all(result.get("gone") for result in answer["results"] if result["path"] == "near.py")
    assert NOTICE in answer["notice"]
