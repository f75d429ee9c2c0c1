"""The command line's frame: which module is loaded, how it is parsed, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from agent_brain_client.cli import entry
from agent_brain_client.cli.registry import COMMANDS, Command
from agent_brain_client.errors import ClientError, UsageError

FAKE = (Command("fake", "fake_command", "do nothing"),)


def fake(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    def configure(parser: object) -> None:
        parser.add_argument("words", nargs="*")  # type: ignore[attr-defined]

    monkeypatch.setitem(sys.modules, "fake_command", SimpleNamespace(configure=configure, run=run))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "argv",
    [
        ["--project", "p", "fake", "a", "--json", "b"],
        ["fake", "--project", "p", "a", "b", "--json"],
        ["--json", "--project=p", "fake", "a", "b"],
    ],
)
def test_shared_options_may_be_anywhere(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    seen: list[object] = []
    fake(monkeypatch, lambda arguments: seen.append(vars(arguments)) or 0)
    assert entry.run(argv, FAKE) == 0
    assert seen == [{"project": "p", "json": True, "debug": False, "words": ["a", "b"]}]


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ClientError("it broke"), 1, "agent-brain: it broke\n"),
        (UsageError("so\nnot"), 2, "agent-brain: so not\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            ZeroDivisionError("0"),
            1,
            "agent-brain: internal error (ZeroDivisionError: 0). This is a bug in Agent Brain; --debug shows where.\n",
        ),
    ],
)
def test_failures_end_in_a_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    def run(arguments: object) -> int:
        raise error

    fake(monkeypatch, run)
    assert entry.run(["fake"], FAKE) == code
    assert capsys.readouterr() == ("", sentence)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_loads_no_other_and_nothing_heavy(command: Command) -> None:
    program = f"""
import json, sys
from agent_brain_client.cli import entry, registry
try:
    entry.run([{command.name!r}, "--help"], registry.COMMANDS)
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    loaded = set(json.loads(done.stderr))
    assert not loaded & {"pydantic", "rich", "jinja2", "questionary", "yaml", "numpy", "click", "pygments", "fastapi"}
    if command.name not in ("start", "stop", "restart"):
        assert not loaded & {"psutil", "filelock"}
    commands = {name for name in loaded if name.startswith("agent_brain_client.cli.")}
    frame = {f"agent_brain_client.cli.{name}" for name in ("entry", "registry", "session")}
    made_of = {"jobs": ("index",), "restart": ("start", "stop")}.get(command.name, ())
    assert commands - frame <= {command.module, *(f"agent_brain_client.cli.{name}" for name in made_of)}
