"""A small project, and what its command, its plugin and the record of its consent say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent_brain_contract.consent import record_path
from support.claude import ROOT
from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.mcp_client import SCRIPT, search_once

CONFIG = ".claude/agent-brain/config.yaml"
ENV = ".env.agent-brain"
TOKEN = "AGENT_BRAIN_TOKEN=chosen-by-the-repository\n"


@contextmanager
def shop(root: Path) -> Iterator[CliProject]:
    """A project of one source file that is not set up."""
    with cli_project(root) as made:
        made.write({"shop/retry.py": RETRY_SOURCE})
        yield made


def private_folder(parent: Path) -> Path:
    """A new folder of the person's, whose content no answer may hold."""
    made = parent / "private"
    made.mkdir()
    (made / "diary.md").write_text("# Diary\n\nThe canary sings at midnight.\n")
    return made.resolve()


def refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """It ended with one sentence that has all the `parts`."""
    assert done.returncode in (2, 3), (done.returncode, done.stdout, done.stderr)
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("agent-brain: "), done.stderr
    assert [part for part in parts if part not in sentence] == [], sentence
    assert "Traceback" not in done.stderr


def mcp(project: CliProject, query: str = "retry delay") -> str:
    """What the plugin's tool answers."""
    own = {"AGENT_BRAIN_PYTHON": sys.executable, "CLAUDE_PROJECT_DIR": str(project.root)}
    return search_once([sys.executable, "-I", SCRIPT], project.root, {**project.environment, **own}, query)


def hook(project: CliProject) -> str:
    """What the plugin says at a session's start."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "plugin" / "scripts" / "session_start.py")],
        env={
            **project.environment,
            "AGENT_BRAIN_PYTHON": sys.executable,
            "CLAUDE_PROJECT_DIR": str(project.root),
            "CLAUDE_PLUGIN_DATA": str(project.root.parent / "data"),
        },
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def record_of(project: CliProject) -> tuple[Path, Any]:
    """Where the record of this project is, and what it says."""
    path = record_path(project.root)
    return path, json.loads(path.read_text())
