"""The queue of jobs: what `JobStore` promises, each inside of a transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from agent_brain_server.domain.jobs import JOBS_KEPT, Job, JobState, Progress
from agent_brain_server.storage import rows
from agent_brain_server.storage.merging import merge
from agent_brain_server.storage.sqlite.session import Row, Session


def add_job(session: Session, paths: Sequence[str], force: bool, now: float) -> Job:
    newest = [_job(row) for forced in (False, True) for row in session.run("select_newest_queued", force=forced)]
    if (merged := merge(newest, paths, force)) is not None:
        if merged.is_changed:
            session.run("widen_job", id=merged.job.id, paths=json.dumps(merged.paths), force=merged.force)
        return replace(merged.job, paths=merged.paths, force=merged.force)
    job_id = session.run("insert_job", paths=json.dumps(list(paths)), force=force, now=now).lastrowid
    return _job(session.one("find_job", id=job_id))


def claim_job(session: Session, now: float) -> Job | None:
    oldest = session.run("select_oldest_queued").fetchone()
    if oldest is None:
        return None
    session.run("claim_job", id=oldest[0], now=now)
    return find_job(session, oldest[0])


def save_progress(session: Session, job_id: int, progress: Progress, attempt: int | None) -> bool:
    return bool(session.run("save_progress", id=job_id, progress=_encode(progress), attempt=attempt).rowcount)


def finish_job(
    session: Session,
    job_id: int,
    state: JobState,
    error: str,
    progress: Progress,
    now: float,
    attempt: int | None,
) -> None:
    values = {"state": state, "error": error, "progress": _encode(progress), "now": now, "attempt": attempt}
    session.run("finish_job", id=job_id, **values)
    session.run("forget_jobs", kept=JOBS_KEPT)


def requeue_running(session: Session) -> int:
    return session.run("requeue_running").rowcount


def find_job(session: Session, job_id: int) -> Job | None:
    row = session.run("find_job", id=job_id).fetchone()
    return _job(row) if row else None


def list_unfinished(session: Session) -> list[Job]:
    return [_job(row) for row in session.run("list_unfinished")]


def list_jobs(session: Session, before: int | None, limit: int) -> list[Job]:
    return [_job(row) for row in session.run("list_jobs", before=before, limit=max(limit, 0))]


def _job(row: Row) -> Job:
    return rows.job(row, json.loads(row[2]), json.loads(row[9]))


def _encode(progress: Progress) -> str:
    return json.dumps(asdict(progress))
