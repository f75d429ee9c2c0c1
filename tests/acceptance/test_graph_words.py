"""The rows of `agent-brain graph`: each word of a row has space before the next one, in a pipe too."""

from __future__ import annotations

from pathlib import Path

from support.cli import cli_project

SOURCE = """\
class Task:
    def retry(self):
        return next_delay(3)


def next_delay(attempt):
    return 2**attempt


def go(task):
    return task.retry()
"""


def test_how_sure_a_row_is_has_space_before_its_name(tmp_path: Path) -> None:
    with cli_project(tmp_path / "shop") as project:
        project.write({"tasks.py": SOURCE})
        project.set_up()
        project.ok("index", "--wait")
        for question in (("callers", "retry"), ("callees", "go")):
            (row,) = [line for line in project.ok("graph", *question).splitlines() if "go calls" in line]
            assert row.split() == ["1", "tasks.py:11", "go", "calls", "Task.retry", "likely"]
