"""Every command in the documents is run, and every link in them leads somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from agent_brain_server.indexing.chunking import KINDS
from agent_brain_wizard.answers.questions import asked
from support.brain import write_files

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")
AGENT_BRAIN = Path(sys.executable).parent / "agent-brain"


def commands(document: Path) -> list[str]:
    blocks = FENCED_SHELL.findall(document.read_text("utf-8"))
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.partition("  #")[0].partition(" # ")[0].strip() for line in lines if line.strip()]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    write_files(
        tmp_path,
        {
            "src/retry.py": "class RetryPolicy:\n    def next_delay(self):\n        return 2\n",
            "docs/guide.md": "# Guide\n\nHow retries are scheduled.\n",
        },
    )
    run(tmp_path, "agent-brain setup --yes")
    yield tmp_path
    run(tmp_path, "agent-brain stop")


def run(project: Path, command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    assert program == "agent-brain", command
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        [AGENT_BRAIN, *arguments], cwd=project, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_works(document: Path, project: Path) -> None:
    for command in commands(document):
        if command.startswith("make "):
            done = subprocess.run(
                ["make", "--dry-run", *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, text=True
            )
        else:
            done = run(project, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


def test_the_readme_begins_with_the_two_commands() -> None:
    assert commands(ROOT / "README.md")[:2] == ["make quickstart", "make test"]


def test_every_kind_of_passage_is_named() -> None:
    text = (ROOT / "docs" / "search.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


def test_the_picture_shows_the_questions_of_today() -> None:
    """It is drawn from a real run: python docs/make_picture.py."""
    picture = unescape((ROOT / "docs" / "setup.svg").read_text("utf-8"))
    always = [question.ask for question in asked() if question.when({})]
    assert [ask for ask in always if ask not in picture] == []
