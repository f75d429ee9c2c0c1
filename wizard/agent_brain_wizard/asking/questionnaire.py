"""Asks the questions in a terminal, in order and with a way back. What the terminal looks like is `prompting`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from agent_brain_client.isolation import holds_home
from agent_brain_contract.escaping import is_seen
from agent_brain_wizard.answers.answers import folder_list, from_environment, preset_of, resolve, storage_of
from agent_brain_wizard.answers.questions import PRESETS, Answer, Question, Values, asked
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.free_ports import is_free
from agent_brain_wizard.facts.machine import Machine

BACK: Final = object()
"""What a prompt returns when the person wants the question before."""

_FOREIGN: Final = "A file of this project says so. Nothing is sent there before you agree to the plan"

Check = Callable[[str], str]
"""Why a typed text is no answer, in a sentence; empty if it is one."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers: its value, its label and a hint, empty if it needs none."""

    value: Answer
    label: str
    hint: str = ""


class Prompter(Protocol):
    """The way to ask a person single questions. It raises KeyboardInterrupt when the person leaves."""

    def choose(self, question: str, why: str, options: tuple[Option, ...], default: Answer, back: bool) -> object:
        """Return the value of one of `options`, or BACK where `back` allows it."""

    def write(self, question: str, why: str, default: str, check: Check, back: bool) -> object:
        """Return a line of text that `check` lets pass, or BACK."""

    def write_secret(self, question: str, why: str, check: Check, back: bool) -> object:
        """Return the same, not shown while it is typed and without a default."""

    def show(self, *lines: str) -> None:
        """Say `lines`, which disappear with the questions before them."""

    def place(self) -> int:
        """Return where the next question will be, for `return_to`."""

    def return_to(self, place: int) -> None:
        """Let all that was asked and shown from `place` on disappear, where the terminal can do so."""


@dataclass(slots=True)
class Questionnaire:
    """The questions that are left to ask, once flags and environment have answered theirs.

    `saved` are the defaults that come before the questions' own, `unaccepted` those of them that only the project's
    files say. `keep` gets the answers after each question.
    """

    root: Path
    prompter: Prompter
    machine: Callable[[], Machine]
    flags: Values
    environment: Mapping[str, str]
    saved: Values
    keep: Callable[[Values], None]
    unaccepted: Values = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    """The rows of the questions that were asked."""

    def ask(self, before: Values, again: bool = False, why: str = "") -> dict[str, Answer | None]:
        """Return all answers; `before` are those given so far.

        With `again` the last question comes first, with `why` it is asked again.
        """
        answers: dict[str, Answer | None] = dict(before)
        given = self._given()
        questions = [question for question in asked() if given.get(question.name) is None]
        position = self._before(questions, len(questions), given, answers) if again else 0
        while 0 <= position < len(questions):
            question = questions[position]
            if not question.when({**answers, **_present(given)}):
                position += 1
                continue
            earlier = self._before(questions, position, given, answers)
            self._begin(question.name, why)
            why = ""
            answer = self._put(question, {**answers, **_present(given)}, earlier >= 0)
            if answer is BACK:
                position = earlier
                continue
            _take(answers, question, answer)
            self.keep(answers)
            position += 1
        return _applicable(answers, questions, given)

    def _given(self) -> dict[str, Answer | None]:
        """Return what flags and environment have answered, with what follows from that."""
        environment = from_environment(self.environment)
        given: dict[str, Answer | None] = {**environment, **_present(self.flags)}
        given["storage"] = storage_of(self.flags) or storage_of(environment)
        if given.get("embedding_preset") is not None and given.get("embedding") is None:
            given["embedding"] = "openai-compatible"
        if given.get("embedding_url") is not None and given.get("embedding_preset") is None:
            given["embedding_preset"] = "other"
        return given

    def _before(self, questions: list[Question], position: int, given: Values, answers: Values) -> int:
        """Return the nearest question before `position` that applies, -1 if there is none."""
        values = {**answers, **_present(given)}
        return next((index for index in reversed(range(position)) if questions[index].when(values)), -1)

    def _begin(self, name: str, why: str) -> None:
        """Take back all that was asked from the question `name` on: no answer is seen that does not hold."""
        place = self._places.get(name)
        if place is not None:
            self.prompter.return_to(place)
            self._places = {other: one for other, one in self._places.items() if one < place}
        self._places[name] = self.prompter.place()
        if why:
            self.prompter.show(why)

    def _put(self, question: Question, values: Values, back: bool) -> object:
        default = self._default(question, values)
        foreign = default is not None and default == self.unaccepted.get(question.name)
        why = _FOREIGN if foreign else question.why
        if question.kind in ("choice", "yes-no"):
            return self.prompter.choose(question.ask, why, self._options(question), default or False, back)
        if question.kind == "secret":
            return self.prompter.write_secret(question.ask, why, self._check(question), back)
        # One with characters that are not shown is no answer: Enter would take what is not seen.
        shown = "" if default is None or not is_seen(str(default)) else str(default)
        return self.prompter.write(question.ask, why, shown, self._check(question), back)

    def _default(self, question: Question, values: Values) -> Answer | None:
        """Return what Enter means: the answer given before, else the saved one, else what fits the answers so far."""
        if values.get(question.name) is not None:
            return values[question.name]
        if question.name == "storage":
            return storage_of(self.saved) or question.default
        if question.name == "embedding_preset":
            return preset_of(self.saved) or next(iter(self.machine().found), "openai")
        preset = str(values.get("embedding_preset") or "other")
        if question.name == "embedding_model" and preset_of(self.saved) != preset:
            return PRESETS[preset][1]
        saved = self.saved.get(question.name)
        return question.default if saved is None else saved

    def _options(self, question: Question) -> tuple[Option, ...]:
        values: tuple[Answer, ...] = question.choices or (False, True)
        options = [
            Option(value, label, self._hint(value, hint))
            for value, (label, hint) in zip(values, question.labels, strict=True)
        ]
        return tuple(sorted(options, key=lambda option: option.value is not True) if _yes_first(question) else options)

    def _hint(self, value: Answer, hint: str) -> str:
        """Return the question's own hint, and what was found on this machine."""
        if value == "postgres-docker":
            machine = self.machine()
            return f"{hint}; {machine.docker.rstrip('.')}" if machine.docker_ready else machine.docker.rstrip(".")
        return f"{hint}; it answers" if value in self.machine().found and value in PRESETS else hint

    def _check(self, question: Question) -> Check:
        def check(text: str) -> str:
            try:
                self._try(question, text.strip())
            except SetupError as error:
                return str(error).removeprefix(f"{question.flag} ")
            return ""

        return check

    def _try(self, question: Question, text: str) -> None:
        """Raise SetupError if `text` cannot answer `question`."""
        if question.name == "storage_url":
            self._try_url(text)
        elif question.name == "folders":
            check_folders(self.root, text)
        elif question.name in ("embedding_url", "embedding_model") and not text:
            raise SetupError("This cannot be empty.")
        elif question.name == "embedding_url":
            resolve({"embedding": "openai-compatible", "embedding_url": text, "embedding_model": "m"}, {}, {})
        else:
            answers = resolve({question.name: text or None}, {}, {})
            port = answers.port
            if port is not None and port != self.saved.get("port") and not is_free(port):
                raise SetupError(f"port {port} is taken. Name another one.")

    def _try_url(self, text: str) -> None:
        """Refuse what is no URL without repeating it: until then it may be a secret."""
        if text and storage_of({"storage_url": text}) != "postgres":
            raise SetupError("This is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE.")
        if text:
            resolve({"storage": "postgres", "storage_url": text}, {}, {})
        elif storage_of(self.saved) != "postgres":
            raise SetupError("Give the URL of the database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")


def check_folders(root: Path, text: str) -> None:
    """Raise SetupError for a folder that is not there, or holds the home directory."""
    names = folder_list(resolve({"folders": text or None}, {}, {}).folders)
    missing = next((name for name in names if not (root / Path(name).expanduser()).is_dir()), None)
    if missing is not None:
        raise SetupError(f"--folders {missing} is not a directory in {root}.")
    places = {name: (root / Path(name).expanduser()).resolve() for name in names}
    home = next((name for name, place in places.items() if holds_home(str(place)) and place != root), None)
    if home is not None:
        raise SetupError(f"--folders {home} holds your home directory, and all in it would be indexed. Name others.")


def _yes_first(question: Question) -> bool:
    return question.kind == "yes-no" and question.default is True


def _present(values: Values) -> dict[str, Answer | None]:
    return {name: value for name, value in values.items() if value is not None}


def _take(answers: dict[str, Answer | None], question: Question, answer: object) -> None:
    """Note the answer. Another endpoint makes what was said about the old one void."""
    value = answer.strip() if isinstance(answer, str) else answer
    if question.name == "embedding_preset" and answers.get(question.name) not in (None, value):
        answers.update(embedding_url=None, embedding_model=None)
    assert isinstance(value, (str, int, float, bool))  # noqa: S101  every prompt returns one, or BACK
    answers[question.name] = value if value != "" else None


def _applicable(
    answers: dict[str, Answer | None], questions: list[Question], given: Values
) -> dict[str, Answer | None]:
    """Return the answers without those to questions that do not apply any more, since the person went back."""
    values = {**answers, **_present(given)}
    void = {question.name for question in questions if not question.when(values)}
    return {name: value for name, value in answers.items() if name not in void}
