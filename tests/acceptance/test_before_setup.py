"""What commands say in a project that is not set up: nothing about a server of it, and ways on that work there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support.cli import CliProject, cli_project
from support.faults import taken_port

STATE = ".claude/agent-brain"


def findings(project: CliProject, **variables: str) -> dict[str, dict[str, str]]:
    report = json.loads(project.run("doctor", "--json", **variables).stdout)
    return {one["id"]: one for one in report["findings"]}


def test_doctor_says_nothing_of_a_port_before_setup(tmp_path: Path) -> None:
    with cli_project(tmp_path / "project") as project, taken_port() as port:
        assert "port" not in findings(project, AGENT_BRAIN_PORT=str(port))
        project.set_up()
        assert findings(project, AGENT_BRAIN_PORT=str(port))["port"]["state"] == "fail"


def test_a_file_of_variables_that_was_there_before_is_put_away(tmp_path: Path) -> None:
    """Where a file is wrong and there is no state directory yet, the command that is named makes it."""
    for number, line in enumerate(("AGENT_BRAIN_HOST=x", f"A=1{' ' * 300}B")):
        with cli_project(tmp_path / f"my project {number}") as project:
            subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
            (project.root / ".env.agent-brain").write_text(f"{line}\n")
            done = project.run("setup", "--yes")
            assert done.returncode == 2, done
            assert "agent_brain_host" not in done.stderr
            assert ("AGENT_BRAIN_HOST in .env.agent-brain" in done.stderr) == (number == 0), done.stderr
            assert not (project.root / STATE).exists()
            project.follow(done.stderr[done.stderr.index("mkdir ") :])
            put_away = project.root / STATE / "env.agent-brain.broken"
            assert put_away.read_text() == f"{line}\n"
            assert (project.root / STATE).stat().st_mode & 0o777 == 0o700
            seen = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=project.root, capture_output=True)
            assert b"broken" not in seen.stdout, "it may hold secrets"
            project.ok("stop")
