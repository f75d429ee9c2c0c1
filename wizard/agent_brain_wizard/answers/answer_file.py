"""Answers from a file or from standard input, for `setup --answers`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import yaml

from agent_brain_client.yaml_file import LARGEST_BYTES, LimitError, load_yaml
from agent_brain_wizard.answers.answers import folder_text
from agent_brain_wizard.answers.questions import QUESTIONS, Answer
from agent_brain_wizard.errors import SetupError

STDIN = "-"


def read_answers(source: str) -> dict[str, Answer | None]:
    """Return the answers in the YAML or JSON mapping at `source`, `-` being standard input, by their questions' names.

    A name that is no question's is refused, not passed over; null is no answer. No value is repeated in an error, since
    it could be a secret.
    """
    shown = "standard input" if source == STDIN else source
    try:
        tree = load_yaml(_read(source))
    except OSError as error:
        raise SetupError(f"--answers {source} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"--answers: {shown} is not text in UTF-8.") from error
    except yaml.YAMLError as error:
        raise SetupError(f"--answers: {shown} {_problem(error)}.") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SetupError(f"--answers: {shown} is not a mapping of question names to answers.")
    return {_known(name, shown): _value(str(name), value) for name, value in tree.items()}


def _read(source: str) -> str:
    if source == STDIN:
        content = sys.stdin.buffer.read(LARGEST_BYTES + 1)
    else:
        with Path(source).expanduser().open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise SetupError(f"--answers: {source} is larger than {LARGEST_BYTES:,} bytes.")
    return content.decode("utf-8-sig")


def _problem(error: yaml.YAMLError) -> str:
    """Return what is wrong and where, without any value."""
    mark = getattr(error, "problem_mark", None)
    place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
    return (
        f"passes a limit: {error.limit}{place}" if isinstance(error, LimitError) else f"is neither YAML nor JSON{place}"
    )


def _known(name: object, shown: str) -> str:
    names = [question.name for question in QUESTIONS]
    if name in names:
        return str(name)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    raise SetupError(f"--answers: {shown} answers {name!r}, which is not a question ({hint}).")


def _value(name: str, value: Any) -> Answer | None:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if name == "folders" and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return folder_text(tuple(value))
    raise SetupError(f"--answers: {name} must be a single value.")
