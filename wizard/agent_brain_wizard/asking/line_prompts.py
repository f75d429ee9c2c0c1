"""Prompts for a terminal that only prints lines: numbered choices, plain input. `<` goes back."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

from agent_brain_client.output import note, prompt
from agent_brain_wizard.answers.questions import Answer
from agent_brain_wizard.asking.questionnaire import BACK, Check, Option

BACK_WORD = "<"
Read = Callable[[], str]


class LinePrompter:
    """Questions as lines on stderr, answers as lines from stdin. Ctrl-C leaves, and so does the end of the input."""

    def choose(self, question: str, why: str, options: tuple[Option, ...], default: Answer, back: bool) -> object:
        """Ask by a numbered list."""
        _show(question, why, back)
        for number, option in enumerate(options, start=1):
            note(f"  {number}. {option.label}" + (f": {option.hint}" if option.hint else ""))
        start = next((number for number, option in enumerate(options, 1) if option.value == default), 1)
        while True:
            line = _read(f"1-{len(options)} [{start}]: ") or str(start)
            if back and line == BACK_WORD:
                return BACK
            if line.isdecimal() and 1 <= int(line) <= len(options):
                return options[int(line) - 1].value
            note(f"{line} is not a number from 1 to {len(options)}.")

    def write(self, question: str, why: str, default: str, check: Check, back: bool) -> object:
        """Ask for a line; an empty one is the default."""
        _show(question, why, back)
        return _until_right(lambda: _read(f"[{default}]: " if default else ": ") or default, check, back)

    def write_secret(self, question: str, why: str, check: Check, back: bool) -> object:
        """Ask for a line without echo."""
        _show(question, why, back)
        return _until_right(_read_secret, check, back)

    def show(self, *lines: str) -> None:
        """Print lines."""
        note(*lines)

    def place(self) -> int:
        """Return 0: there is no other place than the end."""
        return 0

    def return_to(self, place: int) -> None:
        """Do nothing: what is printed stays."""


def _show(question: str, why: str, back: bool) -> None:
    note(f"? {question}")
    for line in (why, f"{BACK_WORD} goes back" if back else ""):
        if line:
            note(f"  {line}")


def _until_right(read: Read, check: Check, back: bool) -> object:
    while True:
        line = read()
        if back and line == BACK_WORD:
            return BACK
        reason = check(line)
        if not reason:
            return line
        note(reason)


def _read(question: str) -> str:
    line = prompt(question)
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def _read_secret() -> str:
    try:
        return getpass.getpass(": ", sys.stderr).strip()
    except EOFError as error:
        raise KeyboardInterrupt from error
