"""Without a stdout, on a full disk or in a directory that is gone, each verb says a sentence and ends with a status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_client.cli.registry import COMMANDS
from agent_brain_wizard.cli import OWN
from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project

SCRIPT = str(Path(__file__).parents[2] / "plugin" / "scripts" / "agent-brain")
VERBS = [command.name for command in (*OWN, *COMMANDS)]
# What each verb prints an answer for in a project that is set up.
ANSWERS = {
    "setup": ("--yes", "--dry-run", "--json"),
    "doctor": ("--json",),
    "db": ("status",),
    "uninstall": ("--dry-run",),
    "search": ("next delay",),
    "graph": ("definitions", "next_delay"),
    "index": ("--report",),
    "storage": ("--help",),
    "worker": ("--help",),
    "reset": ("--help",),
}
FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("lost") / "project") as made:
        made.write({"retry.py": RETRY_SOURCE})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def redirected(project: CliProject, redirection: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with `redirection`, as a shell writes it."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        cwd=project.root,
        env={**project.environment, "AGENT_BRAIN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def assert_reported(done: subprocess.CompletedProcess[str], why: str) -> None:
    """The last line is the sentence; what a command notes of its work may come before it."""
    assert "Traceback" not in done.stderr
    assert "bug in Agent Brain" not in done.stderr
    assert "Exception ignored" not in done.stderr
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("agent-brain: the answer cannot be written to stdout"), done.stderr
    assert why in said
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("verb", "redirection", "why"),
    [
        *((verb, ">/dev/full", "No space left on device") for verb in ("", *VERBS)),
        ("", ">&-", "it is closed"),
        ("search", ">&-", "it is closed"),
    ],
)
def test_a_help_that_cannot_be_written(project: CliProject, verb: str, redirection: str, why: str) -> None:
    assert_reported(redirected(project, redirection, COMMAND, *filter(None, [verb]), "--help"), why)


@pytest.mark.parametrize(
    ("verb", "redirection", "why"),
    [
        *((verb, ">&-", "it is closed") for verb in VERBS if verb not in ("start", "stop", "worker", "reset")),
        ("search", ">/dev/full", "No space left on device"),
        ("setup", ">/dev/full", "No space left on device"),
    ],
)
def test_an_answer_that_cannot_be_written(project: CliProject, verb: str, redirection: str, why: str) -> None:
    done = redirected(project, redirection, COMMAND, verb, *ANSWERS.get(verb, ()))
    if verb == "db":  # there is no container, which is said on stderr
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    else:
        assert_reported(done, why)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_server_is_started_without_a_stream(project: CliProject, redirection: str) -> None:
    """It has its own streams, and no file of the project takes the number of the one that is missing."""
    project.ok("stop")
    done = redirected(project, redirection, COMMAND, "start")
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode in (0, 1)
    assert "retry.py:1-3" in project.ok("search", "next delay")


def test_no_stderr_hides_no_status(project: CliProject) -> None:
    done = redirected(project, "2>&-", COMMAND, "nonsense")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("flags", [(), ("--no-fail",)])
def test_the_plugins_command_without_a_stream(project: CliProject, redirection: str, flags: tuple[str, ...]) -> None:
    done = redirected(project, redirection, SCRIPT, *flags, "version")
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr + done.stdout
    lost = ">/dev/full" in redirection.split() or ">&-" in redirection.split()
    assert done.returncode == (1 if lost and not flags else 0)


@pytest.mark.parametrize(
    ("command", "verb"),
    [*((COMMAND, verb) for verb in VERBS), (SCRIPT, "search"), (SCRIPT, "setup"), (SCRIPT, "doctor")],
)
def test_a_directory_that_is_gone(project: CliProject, tmp_path: Path, command: str, verb: str) -> None:
    done = in_a_gone_directory(project, tmp_path, command, verb, *ANSWERS.get(verb, ()))
    if verb == "version" or "--help" in ANSWERS.get(verb, ()):
        assert "Traceback" not in done.stderr
        return
    assert done.returncode == 2
    said = done.stderr.strip().splitlines()[-1]
    assert said == "agent-brain: the current directory is gone. Name the project: --project PATH"


@pytest.mark.parametrize("command", [COMMAND, SCRIPT])
def test_a_project_is_named_from_a_directory_that_is_gone(project: CliProject, tmp_path: Path, command: str) -> None:
    done = in_a_gone_directory(project, tmp_path, command, "search", "next delay", "--project", str(project.root))
    assert (done.returncode, "retry.py:1-3" in done.stdout) == (0, True), done.stderr


def in_a_gone_directory(project: CliProject, place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    gone = place / "gone"
    gone.mkdir()
    script = f'rmdir "{gone}" && exec "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", *command],
        cwd=gone,
        env={**project.environment, "AGENT_BRAIN_PYTHON": sys.executable, "PWD": os.fspath(gone)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
