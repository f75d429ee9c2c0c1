"""A project full of hostile names on a terminal: every command, and no control character but our own colours."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
from collections.abc import Iterator, Sequence

import pytest

from support.cli import COMMAND, CliProject, cli_project

OURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33|36)m")
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x9b2J\x9d0;x\x9c",
    "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "a\nagent-brain: forged\nb",
    "over\rwritten",
    "back\x08\x08\x08\x7f",
    "\x85next\u2028line\u2029",
    "tag\U000e0041\U000e007f\u200b\ufeff",
    "\x0e\x0f\x1bc\x1b(0",
)
SOURCE = '''\
def {symbol}():
    """hostile_word {text}"""
    return "{text}"


def caller_of_{symbol}():
    return {symbol}()
'''


def made_safe(text: str) -> str:
    """`text` as a file's name."""
    return text.replace("/", "_")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """Names of the root, directories, files, headings and keys, and texts, all of them hostile."""
    name = f"evil\n{made_safe(''.join(HOSTILE))}"[:80]
    with cli_project(tmp_path_factory.mktemp("terminal") / name) as made:
        files = {}
        for number, text in enumerate(HOSTILE):
            files[f"{made_safe(text)}/{made_safe(text)}.py"] = SOURCE.format(symbol=f"evil_{number}", text=text)
            files[f"docs{number}{made_safe(text)}.md"] = f"# hostile_word {text}\n\nhostile_word {text}\n"
            files[f"key{number}.js"] = f"const o = {{ '{text}': function() {{ return hostile_word; }} }};\n"
        made.write(files)
        made.set_up()
        made.ok("index", "--wait")
        yield made


def on_terminal(project: CliProject, *arguments: str, typed: bytes = b"", **more: str) -> str:
    """All that the command prints on a terminal that changes nothing of it, stdout and stderr alike."""
    parent, child = pty.openpty()
    attributes = termios.tcgetattr(child)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ISIG)
    termios.tcsetattr(child, termios.TCSANOW, attributes)
    environment = {**project.environment, "PYTHONUTF8": "1", **more}
    process = subprocess.Popen(
        [os.fsencode(COMMAND), *(os.fsencode(argument) for argument in arguments)],
        cwd=project.root,
        env=environment,
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    if typed:
        os.write(parent, typed)
    written = b""
    try:
        while chunk := os.read(parent, 65_536):
            written += chunk
    except OSError:  # the terminal's other side is closed: all was read
        pass
    os.close(parent)
    process.wait(60)
    return written.decode("utf-8")


def foreign(printed: str) -> list[str]:
    """What acts on the terminal and is not ours, or makes a line of its own."""
    rest = OURS.sub("", printed)
    found = [character for character in rest if not character.isprintable() and character not in "\n\t"]
    return found + re.findall(r"^agent-brain: forged.*", rest, re.MULTILINE)


EVERYTHING = "".join(HOSTILE)
ARGUMENTS: tuple[Sequence[str], ...] = (
    ("search", "hostile_word", "--top-k", "50"),
    ("search", "hostile_word", "--top-k", "50", "--explain"),
    ("search", "hostile_word", "--top-k", "50", "--outline"),
    ("search", "who calls evil_3", "--mode", "graph", "--explain"),
    ("search", f"who calls {EVERYTHING}", "--mode", "graph"),
    ("search", EVERYTHING),
    ("search", EVERYTHING, "--mode", EVERYTHING),
    ("search", "x", "--path", EVERYTHING),
    ("search", "x", "--top-k", EVERYTHING),
    ("search", "x", f"--{EVERYTHING}"),
    ("graph", "callers", EVERYTHING),
    ("graph", "callers", "evil_3"),
    ("graph", "definitions", "evil_3"),
    ("graph", "impact", "evil_3", "--depth", "5"),
    ("graph", EVERYTHING, "x"),
    ("status",),
    ("jobs",),
    ("jobs", "1"),
    ("jobs", "--watch", "1"),
    ("jobs", "999"),
    ("jobs", EVERYTHING),
    ("folders",),
    ("folders", "add", EVERYTHING),
    ("folders", "remove", EVERYTHING),
    ("index", EVERYTHING),
    ("index", "\udcff\x1b[31m"),
    ("index",),
    ("doctor",),
    ("setup", "--dry-run"),
    ("setup", "--dry-run", "--embedding", "none", "--port", "9"),
    ("setup", "--yes", "--folders", EVERYTHING),
    ("setup", "--answers", EVERYTHING),
    ("setup", "--yes", "--storage", EVERYTHING),
    ("uninstall", "--dry-run"),
    ("start",),
    ("start", "--port", EVERYTHING),
    ("version",),
    ("db", "status"),
    ("storage", "verify", "--to", EVERYTHING),
    ("storage", "copy", "--to", f"sqlite:////tmp/{EVERYTHING}", "--dry-run"),
    ("worker", "--json", EVERYTHING),
    (EVERYTHING,),
    ("--project", f"/nowhere{EVERYTHING}", "status"),
    ("--project", EVERYTHING, "doctor"),
    ("--help",),
)


@pytest.mark.parametrize(
    "arguments", ARGUMENTS, ids=lambda words: " ".join(words).encode("unicode_escape").decode()[:40]
)
def test_nothing_foreign_acts_on_the_terminal(project: CliProject, arguments: Sequence[str]) -> None:
    printed = on_terminal(project, *arguments)
    assert printed
    assert foreign(printed) == []
    bare = on_terminal(project, *arguments, "--debug", NO_COLOR="1")
    assert "\x1b" not in bare
    assert foreign(bare) == []


@pytest.mark.parametrize("command", [("reset",), ("uninstall",)])
def test_a_question_is_escaped(project: CliProject, command: Sequence[str]) -> None:
    printed = on_terminal(project, *command, typed=b"n\n")
    assert "(y/N)" in printed
    assert "evil\\x0a" in printed
    assert foreign(printed) == []


WITH_JSON = (*ARGUMENTS[:2], ("graph", "callers", "evil_3"), ("status",), ("jobs",), ("folders",), ("doctor",))


@pytest.mark.parametrize("arguments", [*WITH_JSON, ("setup", "--dry-run"), ("uninstall", "--dry-run")], ids=" ".join)
def test_json_is_one_line_that_only_shows(project: CliProject, arguments: Sequence[str]) -> None:
    printed = on_terminal(project, *arguments, "--json")
    assert foreign(printed) == []


def test_the_bar_moves_on_its_own_line_and_shows_no_name_as_it_is(project: CliProject) -> None:
    printed = on_terminal(project, "index", "--wait", "--force")
    assert foreign(printed.replace("\r", "").replace("\x1b[A", "")) == []


def test_a_server_that_cannot_start_says_why_on_one_line(project: CliProject) -> None:
    config = project.state / "config.yaml"
    before = config.read_text("utf-8")
    project.ok("stop")
    try:
        config.write_text('"evil\\e[31m\\nagent-brain: forged\\u202e": 1\n')
        for command in ("start", "doctor", "search x"):
            printed = on_terminal(project, *command.split())
            assert printed
            assert foreign(printed) == []
        log = (project.state / "logs" / "server.log").read_text("utf-8", errors="surrogateescape")
        assert foreign(log) == []
    finally:
        config.write_text(before)
        project.ok("start")
