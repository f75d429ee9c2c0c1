"""Locales and variables that other programs need, and that no command of ours may stumble over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project

ASCII = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
QUESTION = "retry delay"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden ★") as made:
        made.write({"netz/wörter.py": RETRY_SOURCE})
        yield made


def test_a_locale_without_utf_8_is_none_of_the_projects_concern(project: CliProject) -> None:
    project.environment |= ASCII
    project.set_up()
    assert project.run("index", "--wait").returncode == 0
    assert [found["path"] for found in project.json("search", QUESTION)["results"]] == ["netz/wörter.py"]
    assert "netz/wörter.py" in project.ok("search", QUESTION)
    done = project.run("doctor")
    assert done.returncode == 0, done.stdout
    assert str(project.root) in done.stdout
    project.ok("stop")


def test_a_server_of_one_locale_is_found_by_another(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    pid = project.json("status")["server"]["pid"]
    assert project.json("status", **ASCII)["server"]["pid"] == pid
    assert f"pid {pid}" in project.ok("stop", **ASCII)


@pytest.mark.parametrize("line", ["AGENT_BRAIN_PROJECT=/elsewhere", "AGENT_BRAIN_SETUP_STORAGE=postgres-docker"])
@pytest.mark.parametrize("file", [".env.agent-brain", ".env"])
def test_what_commands_read_from_the_environment_may_be_in_a_file(project: CliProject, file: str, line: str) -> None:
    project.set_up()
    path = project.root / file
    path.write_text((path.read_text() if path.exists() else "") + line + "\n")
    project.ok("index", "--wait")
    assert project.json("search", QUESTION)["results"][0]["path"] == "netz/wörter.py"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("AGENT_BRAIN_LOG_LEVEL=loud", "log_level must be 'debug', 'info', 'warning' or 'error', not 'loud'."),
        ("AGENT_BRAIN_INDEX_WATCH=yess", "index.watch must be true or false, not 'yess'."),
        ("AGENT_BRAIN_PORT=many", "port must be a whole number, not 'many'."),
        ("AGENT_BRAIN_PORT=70000", "port must be 65535 or less, not '70000'."),
        ("AGENT_BRAIN_PROT=1", "AGENT_BRAIN_PROT in .env.agent-brain is not a setting."),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_its_value_and_what_it_may_be(
    project: CliProject, line: str, sentence: str
) -> None:
    project.set_up()
    path = project.root / ".env.agent-brain"
    kept = [one for one in path.read_text().splitlines() if not one.startswith(line.partition("=")[0])]
    path.write_text("\n".join([*kept, line, ""]))
    done = project.run("search", QUESTION)
    assert done.returncode == 3
    assert sentence in done.stderr
    assert ".env.agent-brain" in done.stderr
    assert "Input" not in done.stderr


def test_no_message_shows_a_value_that_may_be_a_secret(project: CliProject) -> None:
    project.set_up()
    path = project.root / ".env.agent-brain"
    path.write_text(path.read_text() + "AGENT_BRAIN_EMBEDDING=hunter2-is-the-key\n")
    done = project.run("search", QUESTION)
    assert done.returncode != 0
    assert "hunter2" not in done.stdout + done.stderr


def test_an_empty_variable_hides_no_value_of_the_file(project: CliProject) -> None:
    project.set_up()
    path = project.root / ".env.agent-brain"
    path.write_text(path.read_text() + "AGENT_BRAIN_LOG_LEVEL=loud\n")
    assert "not 'loud'" in project.run("search", QUESTION, AGENT_BRAIN_LOG_LEVEL="").stderr
