"""What follows the writing: the database and the server are started, the first index is built, progress is reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.discovery import find_server, find_token
from agent_brain_client.errors import JobError, PortTakenError
from agent_brain_client.output import job_line, why_empty
from agent_brain_client.progress import FINISHED, wait_for_job
from agent_brain_client.wire import IndexRequest, QueryRequest
from agent_brain_wizard.plan.preparation import Prepared

if TYPE_CHECKING:
    from agent_brain_client.answers import JobResponse, QueryResponse, ServerFile

POLL_SECONDS = 0.2
PROGRESS_SECONDS = 1.0
FIRST_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Reporter:
    """The receiver of progress. `step` gets a sentence on what goes on, `done` on what is done; `job` follows a job,
    if it is not None, in the place of the bar for people.
    """

    step: Callable[[str], None]
    done: Callable[[str], None]
    job: Callable[[JobResponse], None] | None = None


@dataclass(frozen=True, slots=True)
class FirstRun:
    """The server that runs now, what the first job did, and what the index holds."""

    server: ServerFile
    start_seconds: float
    job: JobResponse
    files: int
    chunks: int

    def as_mapping(self) -> dict[str, Any]:
        """Return the same for a report."""
        return {
            "server": {"url": self.server["url"], "pid": self.server["pid"]},
            "job": self.job,
            "files": self.files,
            "chunks": self.chunks,
        }


def run_first(prepared: Prepared, reporter: Reporter) -> FirstRun:
    """Bring the project up and index it. Raise ClientError with the fix; the files stay written."""
    root = prepared.facts.root
    if prepared.answers.storage == "postgres-docker":
        _start_container(root, prepared.answers.pgadmin, reporter)
    began = time.monotonic()
    server = _serve(root, bool(prepared.plan.writes), reporter)
    seconds = time.monotonic() - began
    client = AgentBrainClient(server["url"], find_token(root))
    version = client.health()["version"]
    reporter.done(f"Server {version} is healthy on {server['url'].removeprefix('http://')} ({seconds:.1f} s)")
    began = time.monotonic()
    job = _finished(client, reporter)
    index = client.status()["index"]
    took = time.monotonic() - began
    reporter.done(f"Indexed {index['files']:,} files, {index['chunks']:,} chunks in {took:.1f} s")
    for sentence in [] if index["chunks"] else why_empty(client.report(limit=1)):
        reporter.step(sentence)
    return FirstRun(server, seconds, job, index["files"], index["chunks"])


def _start_container(root: Path, pgadmin: bool, reporter: Reporter) -> None:
    """Start the database and, where it was wanted, pgAdmin, without which the index can be built all the same."""
    from agent_brain_wizard.database import service as database

    database.up(root, reporter.step)
    reporter.done("PostgreSQL is healthy")
    if not pgadmin:
        return
    try:
        port = database.up_pgadmin(root, reporter.step)
    except database.DatabaseError as error:
        reporter.step(f"pgAdmin was not started: {error}")
    else:
        reporter.done(f"pgAdmin comes up on http://127.0.0.1:{port}; docs/database.md says how to log in")


def _serve(root: Path, changed: bool, reporter: Reporter) -> ServerFile:
    """Return a server that has read the settings as they are now."""
    from agent_brain_client.lifecycle import start, stop

    if changed and find_server(root) is not None:
        reporter.step("Restarting the server for the new settings")
        stop(root)
    try:
        return start(root)
    except PortTakenError as error:
        reporter.step(f"Port {error.port} is taken by {error.holder}; using another one")
        return start(root, "auto")


def _finished(client: AgentBrainClient, reporter: Reporter) -> JobResponse:
    job = client.index(IndexRequest())
    job = wait_for_job(client, job) if reporter.job is None else _followed(client, job, reporter.job)
    if job["state"] != "done":
        raise JobError(f"the first indexing failed: {job_line(job)}. See: agent-brain jobs {job['id']}")
    return job


def _followed(client: AgentBrainClient, job: JobResponse, reporter: Callable[[JobResponse], None]) -> JobResponse:
    reported = 0.0
    while job["state"] not in FINISHED:
        if time.monotonic() - reported >= PROGRESS_SECONDS:
            reported = time.monotonic()
            reporter(job)
        time.sleep(POLL_SECONDS)
        job = client.job(job["id"])
    return job


def ask_first(root: Path, server: ServerFile, question: str) -> QueryResponse:
    """Return the answer to the first question: few passages, for a person."""
    return AgentBrainClient(server["url"], find_token(root)).query(QueryRequest(query=question, top_k=FIRST_ANSWERS))
