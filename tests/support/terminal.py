"""A person at a terminal: the real command in a pseudo-terminal of a given width, keys in, text out."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect

from support.cli import COMMAND, CliProject

ENTER, UP, DOWN = "\r", "\x1b[A", "\x1b[B"
BACK, LEAVE, END = "\x02", "\x03", "\x04"
SECONDS = 30
ROWS = 50
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]|\x1b\][^\x07]*\x07|\r")
_CONTROLS = r"(?:\x1b\[[0-9;?]*[A-Za-z])*"
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m")


@dataclass
class Terminal:
    """The running command. `raw` is all that it has printed so far."""

    child: pexpect.spawn[str]
    raw: str = ""

    @property
    def text(self) -> str:
        """What it has printed, without what only moves the cursor or colours."""
        return CONTROL.sub("", self.raw)

    def see(self, text: str) -> None:
        """Wait until `text` is printed."""
        try:
            self.child.expect(_CONTROLS.join(re.escape(character) for character in text))
        except pexpect.ExceptionPexpect as error:
            raise AssertionError(f"never printed {text!r}:\n{self.text}{self._rest()}") from error
        self._note()

    def answer(self, question: str, *keys: str) -> None:
        """Wait for the question, then press the keys."""
        self.see(question)
        self.press(*keys)

    def press(self, *keys: str) -> None:
        """Press one key after the other."""
        for key in keys:
            self.child.send(key)

    def end(self) -> int:
        """Wait for the end; the value is the exit code."""
        try:
            self.child.expect_exact(pexpect.EOF)
        except pexpect.TIMEOUT as error:
            raise AssertionError(f"does not end:\n{self.text}{self._rest()}") from error
        self._note()
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -1)

    def _note(self) -> None:
        after = self.child.after if isinstance(self.child.after, str) else ""
        self.raw += (self.child.before or "") + after

    def _rest(self) -> str:
        return CONTROL.sub("", self.child.before or "") if isinstance(self.child.before, str) else ""


@contextmanager
def terminal(
    project: CliProject, *arguments: str, columns: int = 100, rows: int = ROWS, **more: str
) -> Iterator[Terminal]:
    """The command in a terminal of the project's; `more` are environment variables. It is ended in the end."""
    child = pexpect.spawn(
        COMMAND,
        list(arguments),
        cwd=str(project.root),
        env={**os.environ, **project.environment, **more},
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=SECONDS,
    )
    child.delaybeforesend = None  # what is seen is ready for keys
    try:
        yield Terminal(child)
    finally:
        child.close(force=True)


def path_without_docker(directory: Path) -> str:
    """A PATH on which git is found, if it is there at all, and nothing else."""
    directory.mkdir(exist_ok=True)
    git = shutil.which("git")
    if git is not None and not (directory / "git").exists():
        (directory / "git").symlink_to(git)
    return str(directory)
