"""What a check says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]

SETUP = "agent-brain setup --yes"
START = "agent-brain start"
RESTART = "agent-brain restart"
REINDEX = "agent-brain start --reindex"
INDEX = "agent-brain index --wait"
FIX = "agent-brain doctor --fix"
_RUN = re.compile(r"[.,;]? (?:then )?run: ((?:agent-brain|mv|rm|chmod|sudo|git|unset) .+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `id` is stable; `fix` is what to do about it, empty when it is ok."""

    id: str
    state: State
    detail: str
    fix: str = ""


def split_command(sentence: str, otherwise: str) -> tuple[str, str]:
    """Return a sentence without the command that it ends with, and that command; `otherwise` where it names none."""
    found = _RUN.search(sentence)
    if found is None or ", then " in found[1] or ", agent-brain" in found[1]:
        return sentence, otherwise
    return sentence[: found.start()], found[1].rstrip(".")
