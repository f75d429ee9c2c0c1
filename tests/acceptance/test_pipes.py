"""A pipe without a writer, in place of any file of the project: no command waits for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project

STATE = ".claude/agent-brain"
# `.env` is the project's own: some programs put a pipe there, so it is passed over.
HARMLESS = (".env", ".gitignore", ".agent-brainignore", "retry.py")
NEEDED = (
    f"{STATE}/server.json",
    f"{STATE}/index.vectors",
    ".env.agent-brain",
    f"{STATE}/config.yaml",
    f"{STATE}/index.db",
    f"{STATE}/logs/server.log",
)
UNUSED = (f"{STATE}/manifest.json", f"{STATE}/docker-compose.yml", f"{STATE}/server.lock", f"{STATE}/lifecycle.lock")
HOOK = Path(__file__).parents[2] / "plugin" / "scripts" / "session_start.py"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "project") as made:
        made.write({"retry.py": RETRY_SOURCE, "other.py": "def other():\n    return 1\n"})
        made.set_up()
        made.ok("index", "--wait")
        made.ok("stop")
        yield made


def replace(project: CliProject, name: str) -> None:
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def answers(project: CliProject, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command's end, within the minute that `run` gives it; a failure is one sentence."""
    done = project.run(*arguments)
    assert "Traceback" not in done.stderr
    assert "bug in Agent Brain" not in done.stderr, done.stderr
    if done.returncode and arguments[0] not in ("doctor", "status"):  # these say it in their answer
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_not_ours_is_passed_over(project: CliProject, name: str) -> None:
    replace(project, name)
    found = json.loads(project.ok("search", "other", "--json"))["results"]
    assert [passage["path"] for passage in found] == ["other.py"]
    project.ok("index", "--wait")
    project.ok("status")
    answers(project, "doctor")
    project.ok("stop")


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_ours_is_refused_by_name(project: CliProject, name: str) -> None:
    replace(project, name)
    for command in (("start",), ("search", "other"), ("index", "--wait")):
        done = answers(project, *command)
        assert done.returncode != 0
        assert name.rpartition("/")[2] in done.stderr, done.stderr
    for command in (("status",), ("doctor",), ("stop",), ("setup", "--yes"), ("uninstall", "--yes")):
        answers(project, *command)


@pytest.mark.parametrize("name", UNUSED)
def test_no_command_waits_for_the_others(project: CliProject, name: str) -> None:
    replace(project, name)
    for command in (("search", "other"), ("status",), ("doctor",), ("db", "status"), ("stop",)):
        answers(project, *command)
    for command in (("setup", "--yes"), ("uninstall", "--yes")):
        answers(project, *command)


@pytest.mark.parametrize("name", [".env", ".env.agent-brain", f"{STATE}/server.json", f"{STATE}/config.yaml"])
def test_the_hook_and_the_tool_do_not_wait_either(project: CliProject, name: str) -> None:
    replace(project, name)
    environment = {**project.environment, "CLAUDE_PROJECT_DIR": str(project.root)}
    subprocess.run([sys.executable, str(HOOK)], env=environment, capture_output=True, timeout=60, check=True)
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": "x"}},
    }
    command = [sys.executable, str(HOOK.with_name("mcp_server.py"))]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tool:
        assert tool.stdin is not None
        assert tool.stdout is not None
        tool.stdin.write(json.dumps(call).encode() + b"\n")
        tool.stdin.flush()
        assert json.loads(tool.stdout.readline())["id"] == 1
        tool.stdin.close()


def test_a_file_that_became_a_pipe_while_the_server_runs(project: CliProject) -> None:
    project.write({"empty.py": ""})
    project.ok("index", "--wait")
    for name in ("retry.py", "empty.py"):
        replace(project, name)
    for _ in range(2):
        project.ok("search", "seconds to wait before a failed request is sent again")
    project.ok("index", "--wait")
