"""Which queued job does what another is asked for, so that the queue stays short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent_brain_server.domain.jobs import MOST_PATHS, Job


class Merged(NamedTuple):
    """A queued job, and what it has to be changed to so that it does what is asked, too."""

    job: Job
    paths: tuple[str, ...]
    force: bool

    @property
    def is_changed(self) -> bool:
        """Return whether the job has to be changed at all."""
        return (self.paths, self.force) != (self.job.paths, self.job.force)


def merge(queued: Iterable[Job], paths: Sequence[str], force: bool) -> Merged | None:
    """Return the first of the `queued` jobs that can take this over; None where a job of its own is needed.

    A job for all files takes over any other, a forced one any that is not forced. Two for paths that make more than
    MOST_PATHS together become a job for all files; forced ones, which read every file again, stay two jobs.
    """
    queued = list(queued)
    covering = (job for job in queued if job.force >= force and _covers(job.paths, paths))
    if (job := next(covering, None)) is not None:
        return Merged(job, job.paths, job.force)
    for job in queued:
        if not paths and force >= job.force:
            return Merged(job, (), force)
        if job.force == force:
            together = tuple(dict.fromkeys((*job.paths, *paths)))
            if len(together) <= MOST_PATHS:
                return Merged(job, together, force)
            if not force:
                return Merged(job, (), force)
    return None


def _covers(held: Sequence[str], asked: Sequence[str]) -> bool:
    return not held or (bool(asked) and set(asked) <= set(held))
