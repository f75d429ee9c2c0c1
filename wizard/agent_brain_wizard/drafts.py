"""Keeps the answers of an unfinished setup until the next one, outside of the project and without secrets."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from agent_brain_client.wire import location_id
from agent_brain_wizard.questions import MORE, QUESTIONS, Answer, Values

_KEPT = frozenset(question.name for question in (*QUESTIONS, MORE) if question.kind != "secret")


def draft_path(root: Path) -> Path:
    """Where the answers for the project at `root` are kept: in the user's state directory."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "agent-brain" / "drafts" / f"{location_id(root)}.json"


def load_draft(root: Path) -> dict[str, Answer]:
    """The kept answers by their questions' names; none if there are none or they cannot be read."""
    try:
        tree = json.loads(draft_path(root).read_bytes())
        return {name: value for name, value in tree.items() if name in _KEPT and isinstance(value, (str, int, float))}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def save_draft(root: Path, answers: Values) -> None:
    """Keep `answers` but for the secrets. A directory that cannot be written costs a convenience, not the setup."""
    path = draft_path(root)
    temporary = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: value for name, value in answers.items() if name in _KEPT and value is not None}, file)
        temporary.replace(path)


def drop_draft(root: Path) -> None:
    """Forget the kept answers."""
    with suppress(OSError):
        draft_path(root).unlink(missing_ok=True)
