"""An indexing job and its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JOBS_KEPT = 1_000
# Beyond this many paths one walk over everything is cheaper than asking for each.
MOST_PATHS = 200
# How long the right to write outlives its last renewal, by the clock of the database.
LEASE_SECONDS = 30.0
FINISHED: frozenset[str] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `rate` is chunks per second; `eta_seconds` is None until it can be estimated.

    `chunks_done` are those of the files that were read, `chunks_written` those of them that were new or had changed.

    `skipped` counts files left out by reason; `problems` are sentences for people, bounded in number.
    """

    files_done: int = 0
    files_total: int = 0
    files_changed: int = 0
    files_removed: int = 0
    files_failed: int = 0
    chunks_done: int = 0
    chunks_total: int = 0
    texts_embedded: int = 0
    rate: float = 0.0
    eta_seconds: float | None = None
    current_file: str = ""
    skipped: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    chunks_written: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One run over folders (`paths` empty: all of them) or over single files and directories (`paths`).

    Times are seconds since the epoch; `attempt` counts the starts, so 2 means that it was resumed once.
    """

    id: int
    state: JobState
    paths: tuple[str, ...]
    force: bool
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    attempt: int = 0
    error: str = ""
    progress: Progress = field(default_factory=Progress)
