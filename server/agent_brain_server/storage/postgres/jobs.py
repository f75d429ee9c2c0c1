"""The queue of jobs: what `JobStore` promises, each inside of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from agent_brain_server.domain.jobs import JOBS_KEPT, Job, JobState, Progress
from agent_brain_server.storage import rows
from agent_brain_server.storage.merging import merge
from agent_brain_server.storage.postgres.session import Row, Session, to_json


def add_job(session: Session, paths: Sequence[str], force: bool, now: float) -> Job:
    """Queue the job; first lock the project's row, so that two servers do not queue the same at once."""
    session.run("lock_queue")
    newest = [_job(row) for forced in (False, True) for row in session.rows("select_newest_queued", force=forced)]
    if (merged := merge(newest, paths, force)) is not None:
        # The row is read again under its lock: another process may have claimed the job meanwhile.
        widened = session.first("widen_job", id=merged.job.id, paths=to_json(list(merged.paths)), force=merged.force)
        if widened:
            return _job(widened)
    (number,) = session.one("take_job_number")
    session.run("insert_job", id=number, paths=to_json(list(paths)), force=force, now=now)
    return _job(session.one("find_job", id=number))


def claim_job(session: Session, now: float) -> Job | None:
    row = session.first("claim_job", now=now)
    return _job(row) if row else None


def save_progress(session: Session, job_id: int, progress: Progress, attempt: int | None) -> bool:
    saved = session.run("save_progress", id=job_id, progress=to_json(asdict(progress)), attempt=attempt)
    return bool(saved.rowcount)


def finish_job(
    session: Session,
    job_id: int,
    state: JobState,
    error: str,
    progress: Progress,
    now: float,
    attempt: int | None,
) -> None:
    values = {"state": state, "error": error, "progress": to_json(asdict(progress)), "now": now, "attempt": attempt}
    session.run("finish_job", id=job_id, **values)
    session.run("forget_jobs", kept=JOBS_KEPT)


def requeue_running(session: Session) -> int:
    return session.run("requeue_running").rowcount


def find_job(session: Session, job_id: int) -> Job | None:
    row = session.first("find_job", id=job_id) if abs(job_id) < 2**63 else None
    return _job(row) if row else None


def list_jobs(session: Session, before: int | None, limit: int) -> list[Job]:
    return [_job(row) for row in session.rows("list_jobs", before=before, limit=max(limit, 0))]


def list_unfinished(session: Session) -> list[Job]:
    return [_job(row) for row in session.rows("list_unfinished")]


def _job(row: Row) -> Job:
    return rows.job(row, row[2], row[9])
