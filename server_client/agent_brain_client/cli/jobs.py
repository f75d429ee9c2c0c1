"""`agent-brain jobs`."""

from __future__ import annotations

import argparse

from agent_brain_client.cli.index import outcome
from agent_brain_client.cli.session import connect, project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import FAILED, OK, UsageError
from agent_brain_client.output import job_line, print_json, say, skipped_line
from agent_brain_client.progress import wait_for_job
from agent_brain_client.wire import JobResponse
from agent_brain_contract.escaping import one_line


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("id", nargs="?", type=int, metavar="ID", help="show this job (default: list the latest)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--cancel", type=int, metavar="ID", help="end this job early; what it has written stays")
    what.add_argument("--watch", type=int, metavar="ID", help="follow this job to its end")


def run(arguments: argparse.Namespace) -> int:
    """List the jobs, or show, watch or cancel one."""
    if arguments.id is not None and (arguments.cancel or arguments.watch) is not None:
        raise UsageError("jobs takes one of ID, --cancel ID and --watch ID. See: agent-brain jobs --help")
    client = connect(project_root(arguments))
    if arguments.cancel is not None:
        return _show(client.cancel(arguments.cancel), arguments.json)
    if arguments.watch is not None:
        return _watch(client, arguments.watch, arguments.json)
    if arguments.id is not None:
        return _show(client.job(arguments.id), arguments.json)
    return _list(client, arguments.json)


def _show(job: JobResponse, as_json: bool) -> int:
    if as_json:
        print_json(job)
        return OK
    say(job_line(job))
    details = [skipped_line(job["progress"]["skipped"]), *map(one_line, job["progress"]["problems"])]
    for detail in filter(None, details):
        say(f"  {detail}")
    return OK


def _watch(client: AgentBrainClient, job_id: int, as_json: bool) -> int:
    job = wait_for_job(client, client.job(job_id))
    if as_json:
        print_json(job)
    else:
        say(*outcome(job).splitlines())
    return OK if job["state"] == "done" else FAILED


def _list(client: AgentBrainClient, as_json: bool) -> int:
    page = client.jobs()
    if as_json:
        print_json(page)
        return OK
    for job in page["jobs"]:
        say(job_line(job))
    if not page["jobs"]:
        say("No jobs yet. Run: agent-brain index")
    elif page["next_cursor"]:
        say("Older jobs are left out; agent-brain jobs ID shows one.")
    return OK
