"""Follows an indexing job: a bar where a person watches, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.output import is_terminal, job_line, note
from agent_brain_contract.escaping import name

if TYPE_CHECKING:
    from agent_brain_client.answers import JobResponse

FIRST_LINE_SECONDS = 2.0
LINE_SECONDS = 15.0
LINE_SHARE = 0.1
FIRST_POLL_SECONDS = 0.02
POLL_SECONDS = 0.2
FINISHED = frozenset({"done", "failed", "cancelled"})

Report = Callable[["JobResponse"], None]


def wait_for_job(client: AgentBrainClient, job: JobResponse) -> JobResponse:
    """Return the job as it ended; progress goes to stderr meanwhile."""
    pause = FIRST_POLL_SECONDS
    with _reporter() as report:
        while job["state"] not in FINISHED:
            report(_in_front(client, job))
            time.sleep(pause)
            pause = min(pause * 1.5, POLL_SECONDS)
            job = client.job(job["id"])
    return job


def _in_front(client: AgentBrainClient, job: JobResponse) -> JobResponse:
    """Return what is worked on now: the job itself, or the one that it waits for."""
    if job["state"] != "queued":
        return job
    return client.status()["job"] or job


@contextmanager
def _reporter() -> Iterator[Report]:
    if is_terminal(sys.stderr):
        with _bar() as report:
            yield report
    else:
        yield _lines()


def _lines() -> Report:
    """Return a printer of a line for each tenth of the job: at least one in 15 s, at most one in 2 s."""
    last, reported = time.monotonic(), 0.0
    pause = FIRST_LINE_SECONDS

    def report(job: JobResponse) -> None:
        nonlocal last, reported, pause
        waited = time.monotonic() - last
        share = job["progress"]["files_done"] / max(1, job["progress"]["files_total"])
        if waited >= pause or (waited >= FIRST_LINE_SECONDS and share - reported >= LINE_SHARE):
            last, reported, pause = time.monotonic(), share, LINE_SECONDS
            note(job_line(job))

    return report


@contextmanager
def _bar() -> Iterator[Report]:
    from tqdm import tqdm

    with tqdm(desc="Waiting", unit=" files", file=sys.stderr, leave=False, dynamic_ncols=True, delay=0.1) as bar:

        def report(job: JobResponse) -> None:
            progress = job["progress"]
            file = name(progress["current_file"])[-40:]
            bar.set_description_str("Waiting" if job["state"] == "queued" else "Indexing", refresh=False)
            bar.set_postfix_str(f"{progress['chunks_done']:,} chunks, {progress['rate']:,.0f}/s, {file}", refresh=False)
            bar.total = progress["files_total"]
            bar.update(progress["files_done"] - bar.n)

        yield report
