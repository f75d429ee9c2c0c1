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


def draft_path(root: Path) -> Path:
    """Where the answers for the project at `root` are kept: in the user's state directory."""
    return state_outside(root) / "drafts" / f"{location_id(root)}.json"


def load_draft(root: Path) -> dict[str, Answer]:
    """The kept answers by their questions' names; none if there are none or they cannot be read."""
    try:
        tree = json.loads(read_regular_file(draft_path(root)))
        return {name: value for name, value in tree.items() if name in _KEPT and isinstance(value, (str, int, float))}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def save_draft(root: Path, answers: Values) -> None:
    """Keep `answers` but for the secrets. A directory that cannot be written costs a convenience, not the setup."""
    kept = {name: value for name, value in answers.items() if name in _KEPT and value is not None}
    with suppress(OSError):
        write_private(draft_path(root), json.dumps(kept).encode())


def drop_draft(root: Path) -> None:
    """Forget the kept answers."""
    with suppress(OSError):
        draft_path(root).unlink(missing_ok=True)
