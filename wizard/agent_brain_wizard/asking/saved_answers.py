"""Keeps the answers of an unfinished setup until the next one, outside of the project and without secrets."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from agent_brain_contract.files import write_private
from agent_brain_contract.paths import location_id, state_outside
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_wizard.answers.questions import MORE, QUESTIONS, Answer, Values

_KEPT = frozenset(question.name for question in (*QUESTIONS, MORE) if question.kind != "secret")


def answers_path(root: Path) -> Path:
    """Return where the answers for the project at `root` are kept: in the user's state directory."""
    return state_outside(root) / "drafts" / f"{location_id(root)}.json"


def load_answers(root: Path) -> dict[str, Answer]:
    """Return the kept answers by their questions' names; none if there are none or they cannot be read."""
    try:
        tree = json.loads(read_regular_file(answers_path(root)))
        return {name: value for name, value in tree.items() if name in _KEPT and isinstance(value, (str, int, float))}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def save_answers(root: Path, answers: Values) -> None:
    """Keep `answers` but for the secrets. A directory that cannot be written costs a convenience, not the setup."""
    kept = {name: value for name, value in answers.items() if name in _KEPT and value is not None}
    with suppress(OSError):
        write_private(answers_path(root), json.dumps(kept).encode())


def drop_answers(root: Path) -> None:
    """Forget the kept answers."""
    with suppress(OSError):
        answers_path(root).unlink(missing_ok=True)
