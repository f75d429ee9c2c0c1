"""A job that its store refuses, and that waiting does not help, fails by name in every command that shows it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project

REFUSAL = "no job may run here"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def run_in_index(project: CliProject, statement: str) -> None:
    with closing(sqlite3.connect(project.state / "index.db")) as connection:
        connection.execute(statement)
        connection.commit()


@contextmanager
def refused(project: CliProject) -> Iterator[None]:
    """Jobs can be queued, but every try to begin one is refused."""
    to = "BEFORE UPDATE ON jobs WHEN NEW.state = 'running'"
    run_in_index(project, f"CREATE TRIGGER refuse {to} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END")
    try:
        yield
    finally:
        run_in_index(project, "DROP TRIGGER refuse")


def finding_of_the_index(project: CliProject) -> dict[str, Any]:
    findings: list[dict[str, Any]] = json.loads(project.run("doctor", "--json").stdout)["findings"]
    (found,) = [one for one in findings if one["id"] == "index"]
    return found


def test_a_permanent_error_is_shown_by_every_command_and_is_over_once_it_is_fixed(project: CliProject) -> None:
    project.write({"later.py": "def much_later():\n    return 1\n"})
    with refused(project):
        done = project.run("index", "--wait")
        assert done.returncode == 1
        assert (REFUSAL in done.stdout, "failed" in done.stdout) == (True, True), done.stdout
        (shown,) = [line for line in project.ok("status").splitlines() if line.startswith("index ")]
        assert ("failed: " in shown, REFUSAL in shown) == (True, True), shown
        found = finding_of_the_index(project)
        assert (found["state"], REFUSAL in found["detail"]) == ("fail", True), found
        newest = project.json("jobs")["jobs"][0]
        assert (newest["state"], REFUSAL in newest["error"]) == ("failed", True)
    project.follow(found["fix"])
    assert "later.py" in project.ok("search", "much_later")
    assert finding_of_the_index(project)["state"] == "ok"
    assert project.json("jobs")["jobs"][0]["state"] == "done"
