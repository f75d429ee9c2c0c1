"""The plugin's scripts and the command find a project alike, each with its own Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_brain_client.discovery import find_root, find_token, read_server_file
from agent_brain_client.errors import ClientError
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY, location_id
from agent_brain_contract.escaping import one_line, plain
from support.consent import accept

SCRIPTS = Path(__file__).parents[3] / "plugin" / "scripts"
ASK = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import project
root = project.find_root(os.environ)
claim = project.read_claim(root)
try:
    token = project.find_token(root, os.environ)
except project.PluginError:
    token = ""
identity = project.location_id(root)
print(json.dumps([str(root), project.is_set_up(root, os.environ), token, identity, claim and claim.url]))
"""
ENV_FILES = (
    "AGENT_BRAIN_TOKEN=plain\n",
    "AGENT_BRAIN_TOKEN='with # sign' # a comment\r\n",
    'export AGENT_BRAIN_TOKEN="esc\\"aped" # note\n',
    "\ufeffAGENT_BRAIN_TOKEN = spaced   # note\nOTHER=1\n",
    "AGENT_BRAIN_TOKEN=first\nAGENT_BRAIN_TOKEN=second\n",
    "# AGENT_BRAIN_TOKEN=no\nAGENT_BRAIN_TOKEN=\n",
    "no assignment\nAGENT_BRAIN_TOKEN='unclosed\n",
)
CLAIMS = (
    "{}",
    "no json",
    '{"url": "http://127.0.0.1:8317", "pid": 1, "project_id": "PROJECT", "version": "1", "started_at": 1}',
    '{"url": "http://localhost:8317", "pid": 0, "project_id": "PROJECT", "version": "1", "started_at": 1}',
    '{"url": "http://example.org:8317", "pid": 1, "project_id": "PROJECT", "version": "1", "started_at": 1}',
    '{"url": "http://127.0.0.1", "pid": 1, "project_id": "PROJECT", "version": "1", "started_at": 1}',
    '{"url": "http://127.0.0.1:8317", "pid": 1, "project_id": "other", "version": "1", "started_at": 1}',
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set-up project with a git repository below it."""
    made = tmp_path.resolve() / "mein Läden"
    (made / STATE_DIRECTORY).mkdir(parents=True)
    (made / STATE_DIRECTORY / "config.yaml").write_text("")
    (made / "inner" / ".git").mkdir(parents=True)
    accept(made)
    return made


def asked(start: Path, **variables: str) -> list[object]:
    """The scripts' own view, by the Python that runs them and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AGENT_BRAIN_", "CLAUDE_"))}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ASK, str(SCRIPTS)],
        env={**kept, "CLAUDE_PROJECT_DIR": str(start), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: list[object] = json.loads(done.stdout)
    return answer


ESCAPED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import escaping
texts = json.loads(sys.stdin.read())
print(json.dumps([[escaping.plain(text), escaping.one_line(text, 10**9)] for text in texts]))
"""


def test_every_character_is_shown_alike() -> None:
    texts = [f"a {chr(code)} b" for code in (*range(0x3500), *range(0xD700, 0x10000), *range(0xE0000, 0xE1010))]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ESCAPED, str(SCRIPTS)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [[plain(text), one_line(text)] for text in texts]


def token(root: Path) -> str:
    try:
        return find_token(root, {})
    except ClientError:
        return ""


@pytest.mark.parametrize("below", ["", "inner", "other"])
def test_the_root_is_found_alike(root: Path, below: str) -> None:
    start = root / below
    start.mkdir(exist_ok=True)
    assert asked(start)[:2] == [str(find_root(None, start, {})), True]


def test_without_setup_the_repository_is_the_root(root: Path) -> None:
    (root / STATE_DIRECTORY / "project.json").unlink()
    start = root / "inner" / "deep"
    start.mkdir()
    assert asked(start)[:2] == [str(find_root(None, start, {})), False]


def test_a_named_project_is_the_root(root: Path, tmp_path: Path) -> None:
    named = {"AGENT_BRAIN_PROJECT": str(root / "inner")}
    assert asked(tmp_path, **named)[0] == str(find_root(None, tmp_path, named))


@pytest.mark.parametrize("text", ENV_FILES)
def test_the_token_is_read_alike(root: Path, text: str) -> None:
    (root / ENV_FILE).write_text(text, "utf-8", newline="")
    assert asked(root)[2] == token(root) == ""
    accept(root)
    assert asked(root)[2] == token(root)
    (root / ".env").write_text("AGENT_BRAIN_TOKEN=other\n")
    assert asked(root)[2] == token(root)


@pytest.mark.parametrize("text", CLAIMS)
def test_the_server_file_is_believed_alike(root: Path, text: str) -> None:
    (root / STATE_DIRECTORY / "server.json").write_text(text.replace("PROJECT", location_id(root)))
    claim = read_server_file(root)
    assert asked(root)[3:] == [location_id(root), claim and claim["url"]]
