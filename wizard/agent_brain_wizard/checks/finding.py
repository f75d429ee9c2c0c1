"""What a check says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]

START = "agent-brain start"
RESTART = "agent-brain restart"
REINDEX = "agent-brain start --reindex"
INDEX = "agent-brain index --wait"
DB_UP = "agent-brain db up"
FIX = "agent-brain doctor --fix"
_RUN = re.compile(r"[.,;]? (?:then )?run: ((?:agent-brain|mv|rm|chmod|sudo|git|unset) .+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `id` is stable; `fix` is what to do about it, empty when it is ok."""

    id: str
    state: State
    detail: str
    fix: str = ""


def postgres_fix(sentence: str, in_docker: bool) -> str:
    """Return the fix for what the server says of PostgreSQL; empty where the sentence is about something else.

    `in_docker` is for the container that setup made, which our own command fixes.
    """
    if "may not add pgvector" in sentence:
        return "let a superuser run in the database: CREATE EXTENSION vector"
    if "PostgreSQL" not in sentence:
        return ""
    if "does not answer" in sentence:
        return DB_UP if in_docker else "start it, or name another one: agent-brain setup"
    if "refuses the login" in sentence and "the environment sets" not in sentence:
        return f"{DB_UP} && {RESTART}" if in_docker else "give the password that it takes: agent-brain setup"
    if "has no pgvector" in sentence:
        return "install pgvector on its server, then let a superuser run in the database: CREATE EXTENSION vector"
    return ""


def split_command(sentence: str, otherwise: str) -> tuple[str, str]:
    """Return a sentence without the command that it ends with, and that command; `otherwise` where it names none."""
    found = _RUN.search(sentence)
    if found is None or ", then " in found[1] or ", agent-brain" in found[1]:
        return sentence, otherwise
    return sentence[: found.start()], found[1].rstrip(".")
