"""What is said at a session's start: one line when there is something to do, else nothing, and never a failure."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.claude import ROOT
from support.cli import RETRY_SOURCE, CliProject, cli_project

HOOK = ROOT / "plugin" / "hooks" / "hooks.json"
LONGEST = 500


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"retry.py": RETRY_SOURCE})
        yield made


def said(project: CliProject, **more: str) -> str:
    """Run the hook as hooks.json has it and return what the person sees."""
    ((hook,),) = [entry["hooks"] for entry in json.loads(HOOK.read_text())["hooks"]["SessionStart"]]
    arguments = [argument.replace("${CLAUDE_PLUGIN_ROOT}", str(ROOT)) for argument in hook["args"]]
    own = {
        "AGENT_BRAIN_PYTHON": sys.executable,
        "CLAUDE_PROJECT_DIR": str(project.root),
        "CLAUDE_PLUGIN_DATA": str(project.root.parent / "data"),
    }
    done = subprocess.run(
        [shutil.which(hook["command"]) or sys.executable, *arguments],
        cwd=project.root,
        env={**project.environment, **own, **more},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) <= LONGEST
    assert done.stdout.count("\n") == bool(done.stdout)
    return str(json.loads(done.stdout)["systemMessage"]) if done.stdout else ""


def test_a_repository_that_is_not_set_up_is_invited_once(project: CliProject) -> None:
    assert "/agent-brain:setup" in said(project)
    assert said(project) == ""


def test_a_folder_that_is_no_repository_is_left_alone(project: CliProject) -> None:
    (project.root / ".git").rmdir()
    assert said(project) == ""


def test_nothing_is_said_while_all_is_well(project: CliProject) -> None:
    project.set_up()
    assert said(project) == ""
    project.ok("index", "--wait")
    assert said(project) == ""
    project.ok("stop")
    assert said(project) == ""


def test_a_sentence_that_is_too_long_is_not_cut_in_its_command(tmp_path: Path) -> None:
    with cli_project(tmp_path / ("long" * 20) / "shop") as project:
        project.set_up()
        state = project.state.rename(tmp_path / "elsewhere")
        project.state.symlink_to(state)
        heard = said(project)
        assert "is a link, which is not allowed here" in heard
        assert heard.endswith(". Look: /agent-brain:doctor")


def test_an_empty_index_names_the_command(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    assert "/agent-brain:index" in said(project)


def test_a_crash_is_said_and_nothing_is_started(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    claim = project.server_file.read_text()
    project.ok("stop")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    project.server_file.write_text(json.dumps({**json.loads(claim), "pid": ended.pid}))
    assert "ended unexpectedly" in said(project)
    assert project.run("status").returncode == 3


def test_a_server_that_hangs_holds_nothing_up(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    pid = json.loads(project.server_file.read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert said(project) == ""
        assert time.monotonic() - started < 2
    finally:
        os.kill(pid, signal.SIGCONT)


def test_packages_missing_for_a_set_up_project_are_said(project: CliProject) -> None:
    project.set_up()
    assert "/agent-brain:setup" in said(project, AGENT_BRAIN_PYTHON="")


@pytest.mark.parametrize("text", ["", "{", '{"url": 1}', '{"url": "http://127.0.0.1:1", "pid": 1, "project_id": "x"}'])
def test_damage_is_met_with_silence(project: CliProject, text: str) -> None:
    project.set_up()
    project.server_file.write_text(text)
    assert said(project) == ""


def test_it_loads_little(project: CliProject) -> None:
    """A session waits for the hook: what takes long to load is left to the commands."""
    ((hook,),) = [entry["hooks"] for entry in json.loads(HOOK.read_text())["hooks"]["SessionStart"]]
    script = str(ROOT / "plugin" / "scripts" / "session_start.py")
    assert hook["args"][:2] == ["-I", "-S"]
    project.set_up()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-I", "-S", script],
        cwd=project.root,
        env={**project.environment, "AGENT_BRAIN_PYTHON": sys.executable, "CLAUDE_PROJECT_DIR": str(project.root)},
        capture_output=True,
        text=True,
    )
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "agent_brain_contract.consent" in loaded
    assert not loaded & {"asyncio", "http.client", "secrets", "socket", "ssl", "subprocess", "tempfile", "yaml"}
    assert len(loaded) < 140
