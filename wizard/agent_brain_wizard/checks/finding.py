"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]

SETUP = "agent-brain setup --yes"
RESTART = "agent-brain stop, then agent-brain start"
MEND = "agent-brain stop, mend that, then agent-brain start"
INDEX = "agent-brain index --wait"
FIX = "agent-brain doctor --fix"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `id` is stable; `fix` is what to do about it, empty when it is ok."""

    id: str
    state: State
    detail: str
    fix: str = ""
