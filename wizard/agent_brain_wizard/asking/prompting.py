"""Prompts in a terminal: menus and lines by questionary, numbered lists where the terminal only prints lines."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, cast

from agent_brain_client.output import erase_rows, is_terminal, note, styled, unstyled
from agent_brain_contract.escaping import plain
from agent_brain_wizard.answers.questions import Answer
from agent_brain_wizard.asking.questionnaire import BACK, Check, Option, Prompter

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import Output
    from questionary import Question as Asked

WIDE = 72
_BACK_VALUE = "\0back"
_STYLE = [
    ("qmark", "fg:ansicyan"),
    ("question", "bold"),
    ("answer", "fg:ansicyan"),
    ("pointer", "fg:ansicyan bold"),
    ("instruction", "fg:ansibrightblack"),
    ("highlighted", "bold"),
    ("selected", "noreverse"),
]


def can_ask() -> bool:
    """Return whether a person is there to answer: prompts are read from stdin and shown on stderr."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def make_prompter() -> Prompter:
    """Return the prompts that this terminal can show."""
    if is_terminal(sys.stderr):
        return MenuPrompter()
    from agent_brain_wizard.asking.line_prompts import LinePrompter

    return LinePrompter()


class MenuPrompter:
    """Menus with arrow keys, lines with editing. Ctrl-B goes back, Ctrl-C leaves."""

    def __init__(self) -> None:
        self._rows = 0  # that were printed and are to disappear with the question before them

    def show(self, *lines: str) -> None:
        """Print lines, and count them."""
        note(*lines)
        self._rows += sum(_rows(unstyled(one)) for one in lines)

    def place(self) -> int:
        """Return the number of rows printed before."""
        return self._rows

    def return_to(self, place: int) -> None:
        """Erase the rows from there on; those that have left the screen stay where they are."""
        if place < self._rows:
            erase_rows(self._rows - place)
            self._rows = place

    def choose(self, question: str, why: str, options: tuple[Option, ...], default: Answer, back: bool) -> object:
        """Ask by a menu; its last entry leads back."""
        import questionary

        instruction = self._instruction(question, why)
        choices = [
            questionary.Choice(title, value=_token(option.value), description=help_)
            for option in options
            for title, help_ in [_title(option, options)]
        ]
        if back:
            choices.append(questionary.Choice("← back", value=_BACK_VALUE))
        known = [_token(option.value) for option in options]
        start = _token(default) if _token(default) in known else known[0]
        asked = questionary.select(
            question,
            choices,
            default=start,
            pointer="›",
            instruction=instruction or " ",
            style=questionary.Style(_STYLE),
            erase_when_done=True,
            output=_output(),
        )
        keys = cast("KeyBindings", asked.application.key_bindings)
        _bind_end(keys)
        if back:
            _bind_back(keys)
        chosen = _ask(asked)
        if chosen in (BACK, _BACK_VALUE):
            return BACK
        option = next(option for option in options if _token(option.value) == chosen)
        self.show(f"{styled('?', 'cyan', sys.stderr)} {styled(question, 'bold', sys.stderr)} {option.label}")
        return option.value

    def write(self, question: str, why: str, default: str, check: Check, back: bool) -> object:
        """Ask for a line that can be edited, the default in it."""
        import questionary

        look = self._line(question, why, back)
        return self._counted(question, look, _ask(questionary.text(question, default, _verdict(check), **look)))

    def write_secret(self, question: str, why: str, check: Check, back: bool) -> object:
        """Ask for a line that is shown as stars."""
        import questionary

        look = self._line(question, why, back)
        return self._counted(question, look, _ask(questionary.password(question, "", _verdict(check), **look)))

    def _line(self, question: str, why: str, back: bool) -> dict[str, Any]:
        """Return the options that a line and a secret one have in common."""
        from prompt_toolkit.key_binding import KeyBindings
        from questionary import Style

        keys = KeyBindings()
        if back:
            _bind_back(keys)
        look = {"instruction": self._instruction(question, why), "style": Style(_STYLE), "output": _output()}
        return {**look, "key_bindings": keys, "validate_while_typing": False}

    def _counted(self, question: str, look: dict[str, Any], answer: object) -> object:
        """Return the answer, whose line stays on the screen unless it is BACK; a space is on each side of a part."""
        if answer is not BACK:
            parts = [f"? {question} ", f" {look['instruction']} " if look["instruction"] else "", f"{answer} "]
            self._rows += _rows("".join(parts))
        return answer

    def _instruction(self, question: str, why: str) -> str:
        """Return the reason, to show after the question; without room for it, print it before and return nothing."""
        if why and len(question) + len(why) + 4 >= _size()[0]:
            self.show(styled(why, "dim", sys.stderr))
            return ""
        return plain(why)


def _rows(text: str) -> int:
    """Return how many rows of the terminal a line takes."""
    from prompt_toolkit.utils import get_cwidth

    return max(1, -(-get_cwidth(text) // _size()[0]))


def _token(value: object) -> str:
    """Return a menu's value: text, since questionary takes False for no value."""
    return str(value)


def _title(option: Option, options: tuple[Option, ...]) -> tuple[str, str | None]:
    """Return the label with as much of the hint as there is room for, and the whole hint where that is not all of it.

    The latter is shown below the menu while the option is highlighted.
    """
    columns = _size()[0]
    label, hint = plain(option.label), plain(option.hint)
    if not hint:
        return label, None
    if columns < WIDE:
        return label, hint
    width = max(len(plain(one.label)) for one in options)
    room = columns - width - 6
    if len(hint) <= room:
        return f"{label:<{width}}  {hint}", None
    return f"{label:<{width}}  {hint[: room - 1].rpartition(' ')[0]} …", hint


def _verdict(check: Check) -> Any:
    return lambda text: check(text) or True


def _ask(asked: Asked) -> object:
    try:
        return asked.unsafe_ask()
    except EOFError as error:
        raise KeyboardInterrupt from error


def _bind_back(keys: KeyBindings) -> None:
    @keys.add("c-b", eager=True)
    def _(event: Any) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=BACK)


def _bind_end(keys: KeyBindings) -> None:
    """Let Ctrl-D leave a menu as it leaves a line."""

    @keys.add("c-d", eager=True)
    def _(event: Any) -> None:
        event.app.exit(exception=KeyboardInterrupt)


def _output() -> Output:
    """Return stderr, which is for what is not the answer; it is not asked for its cursor, which some do not report."""
    if os.name != "posix":
        from prompt_toolkit.output import create_output

        return create_output(stdout=sys.stderr)
    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.output.color_depth import ColorDepth
    from prompt_toolkit.output.vt100 import Vt100_Output

    def size() -> Size:
        columns, rows = _size()
        return Size(rows=rows, columns=columns)

    colours = ColorDepth.from_env()  # NO_COLOR, that is
    return Vt100_Output(sys.stderr, size, os.environ.get("TERM"), colours, enable_cpr=False)


def _size() -> tuple[int, int]:
    """Return the terminal's columns and rows; some say 0 for what they do not know."""
    try:
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    return columns or 80, rows or 24
