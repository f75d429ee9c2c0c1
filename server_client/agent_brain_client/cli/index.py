"""`agent-brain index`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from agent_brain_client.cli.session import connect, project_path, project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import FAILED, OK, UsageError
from agent_brain_client.output import (
    REASON_COLUMNS,
    count,
    duration,
    job_line,
    note,
    print_json,
    report_line,
    report_totals,
    say,
    say_rows,
    skipped_line,
)
from agent_brain_client.progress import wait_for_job
from agent_brain_client.wire import IndexRequest
from agent_brain_contract.escaping import one_line

if TYPE_CHECKING:
    from agent_brain_client.answers import JobResponse

PAGES_SECONDS = 60
"""How old the pages of a report may be that follow the first: they are of one walk."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or directories (default: all indexed folders)")
    parser.add_argument("--wait", action="store_true", help="wait for the job to end, with progress")
    parser.add_argument(
        "--report",
        action="store_true",
        help="list the files that are left out, and where secrets were masked; index nothing",
    )
    parser.add_argument("--force", action="store_true", help="read all files again, unchanged ones too")


def run(arguments: argparse.Namespace) -> int:
    """Queue the job and, if asked to, wait for it."""
    root = project_root(arguments)
    if arguments.report:
        return _report(arguments, connect(root))
    paths = tuple(project_path(root, path) for path in arguments.paths)
    client = connect(root)
    job = client.index(IndexRequest(paths=paths, force=arguments.force))
    if arguments.wait:
        try:
            job = wait_for_job(client, job)
        except KeyboardInterrupt:
            note("", f"Job {job['id']} goes on. Watch it: agent-brain jobs --watch {job['id']}")
            raise
    totals = client.status()["index"] if arguments.wait else None
    if arguments.json:
        print_json(job)
    else:
        say_rows(*outcome(job).splitlines())
        if totals:
            say(f"The index holds {count(totals['files'], 'file')}, {count(totals['chunks'], 'chunk')}.")
    return FAILED if job["state"] == "failed" or (arguments.wait and job["state"] == "cancelled") else OK


def _report(arguments: argparse.Namespace, client: AgentBrainClient) -> int:
    if arguments.paths or arguments.wait or arguments.force:
        raise UsageError("index --report takes no PATH, --wait or --force. See: agent-brain index --help")
    page = client.report()
    entries, cursor = page["entries"], page["next_cursor"]
    while cursor is not None:
        more = client.report(cursor=cursor, max_age=PAGES_SECONDS)
        entries, cursor = entries + more["entries"], more["next_cursor"]
    if arguments.json:
        print_json({**page, "entries": entries, "next_cursor": None})
        return OK
    say_rows(*map(report_line, entries), indent=REASON_COLUMNS + 2)
    problems, totals = [one_line(problem) for problem in page["problems"]], report_totals(page)
    say_rows(*problems, *([totals] if totals else [] if problems else ["Nothing is left out and nothing is masked."]))
    return OK


def outcome(job: JobResponse) -> str:
    """Return how a job ended, or how to follow one that has not."""
    if job["state"] in ("queued", "running"):
        return f"Job {job['id']} is {job['state']}. Follow it: agent-brain jobs --watch {job['id']}"
    if job["state"] != "done":
        return job_line(job)
    progress = job["progress"]
    took = duration(max(0.0, (job["finished_at"] or 0.0) - (job["started_at"] or 0.0)))
    changes = f"{progress['files_changed']:,} changed, {progress['files_removed']:,} removed"
    failed = f", {progress['files_failed']:,} failed" if progress["files_failed"] else ""
    files = count(progress["files_total"], "file")
    chunks = count(progress.get("chunks_written", progress["chunks_done"]), "chunk")
    worked = progress["files_changed"] or progress["files_removed"] or progress["files_failed"]
    if worked:
        done = f"Indexed {files} ({changes}{failed}), {chunks} written, in {took}."
    elif progress["files_total"]:
        done = f"Up to date: {files} looked at in {took}, none has changed."
    else:
        done = "No file was found that can be indexed."
    skipped, listed = skipped_line(progress["skipped"]), progress["skipped"].keys() - {"ignored", "filtered"}
    lines = [
        done,
        f"{skipped}. See: agent-brain index --report" if listed else skipped,
        *(one_line(problem) for problem in progress["problems"]),
    ]
    return "\n  ".join(line for line in lines if line)
