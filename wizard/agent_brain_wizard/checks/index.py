"""The index, as the running server describes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.output import count, duration, report_totals
from agent_brain_wizard.checks.finding import INDEX, REINDEX, RESTART, Finding

if TYPE_CHECKING:
    from agent_brain_client.answers import FolderProblem, JobResponse, ReportResponse, StatusResponse

FORGOTTEN_SECONDS = 86_400.0
REPORT_SECONDS = 60
"""How old the list of what is left out may be, for which all directories are listed."""
_WATCHES = "fs.inotify.max_user_watches"
_MORE_WATCHES = f"sudo sysctl {_WATCHES}=524288"
_REPORT = "agent-brain index --report"
_EMBED = "agent-brain index --force --wait"


def check_index(client: AgentBrainClient, status: StatusResponse, provider: str) -> Iterator[Finding]:
    """Yield what is indexed, with what, and whether it stays fresh.

    `provider` is the embedding that the settings name.
    """
    jobs = client.jobs()["jobs"]
    ended = next((job for job in jobs if job["state"] in ("done", "failed")), None)
    report = client.report(limit=1, max_age=REPORT_SECONDS)
    yield _index(status, ended, report)
    yield from _folders(report)
    yield _embedding(status, provider)
    yield _watcher(status, ended)


def _index(status: StatusResponse, ended: JobResponse | None, report: ReportResponse) -> Finding:
    index, job = status["index"], status["job"]
    counts = f"{count(index['files'], 'file')}, {count(index['chunks'], 'chunk')}"
    if job is not None and job["state"] in ("queued", "running"):
        detail = f"{counts}; job {job['id']} is running"
        return Finding("index", "warn", detail, f"agent-brain jobs --watch {job['id']}")
    if ended is not None and ended["state"] == "failed":
        return Finding("index", "fail", f"{counts}; job {ended['id']} failed: {ended['error']}", INDEX)
    if not index["chunks"]:
        return _empty(report)
    failed = ended["progress"]["files_failed"] if ended is not None else 0
    if ended is not None and failed:
        detail = f"{counts}; {count(failed, 'file')} could not be read"
        return Finding("index", "warn", detail, f"agent-brain jobs {ended['id']}")
    return Finding("index", "ok", counts + _age(ended))


def _empty(report: ReportResponse) -> Finding:
    """Return why nothing is indexed."""
    for problem in report["folder_problems"]:
        return Finding("index", "warn", f"the index is empty: {problem['detail']}", _way_on(problem))
    totals = report_totals(report)
    if totals and not report["totals"].get("not_indexed"):
        return Finding("index", "warn", f"the index is empty ({totals})", _REPORT)
    return Finding("index", "warn", "the index is empty", INDEX)


def _folders(report: ReportResponse) -> Iterator[Finding]:
    """Yield each folder of the index that is left out, missing or without a file; each place with too many rules."""
    if not report["problems"]:
        yield Finding("folders", "ok", "the folders of the index are there")
    for problem in report["folder_problems"]:
        yield Finding("folders", "warn", problem["detail"], _way_on(problem))


def _way_on(problem: FolderProblem) -> str:
    if not problem["command"]:
        return INDEX
    return problem["command"] if problem["way_on"].startswith("Run") else f"{problem['way_on']}: {problem['command']}"


def _age(ended: JobResponse | None) -> str:
    if ended is None or ended["finished_at"] is None:
        return ""
    return f"; brought up to date {duration(max(time.time() - ended['finished_at'], 0.0))} ago"


def _embedding(status: StatusResponse, provider: str) -> Finding:
    embedding, index = status["embedding"], status["index"]
    if provider and (provider == "none") == bool(embedding["dimensions"]):
        detail = f"the server uses {embedding['name']}, the settings say {provider}"
        return Finding("embedding", "warn", detail, REINDEX if index["chunks"] else RESTART)
    if not embedding["dimensions"]:
        return Finding("embedding", "ok", "none: search by keywords alone")
    shown = f"{embedding['name']} ({embedding['dimensions']} dimensions)"
    if index["chunks"] and not index["vectors"] and status["job"] is None:
        return Finding("embedding", "warn", f"{shown}, but no passage in the index has a vector", _EMBED)
    return Finding("embedding", "ok", f"{shown}, the same as in the index")


def _watcher(status: StatusResponse, ended: JobResponse | None) -> Finding:
    watcher = status["watcher"]
    if watcher["state"] == "failed":
        fix = f"{_MORE_WATCHES} && {RESTART}" if _WATCHES in watcher["detail"] else RESTART
        return Finding("watcher", "fail", f"files are not watched: {watcher['detail']}", fix)
    if watcher["state"] == "watching":
        more = f"; {watcher['detail']}" if watcher["detail"] else ""
        return Finding("watcher", "ok", f"files are watched{more}")
    since = ended["finished_at"] if ended is not None else None
    if since is not None and time.time() - since > FORGOTTEN_SECONDS:
        return Finding("watcher", "warn", f"watching is off{_age(ended)}", INDEX)
    return Finding("watcher", "ok", "watching is off")
