"""`agent-brain jobs`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from agent_brain_client.cli.index import outcome
from agent_brain_client.cli.session import connect, project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import FAILED, OK, UsageError
from agent_brain_client.numbers import whole_number
from agent_brain_client.output import job_line, print_json, say, say_rows, skipped_line
from agent_brain_client.progress import wait_for_job
from agent_brain_contract.escaping import one_line

if TYPE_CHECKING:
    from agent_brain_client.answers import JobResponse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="ID",
        help="show this job (default: list the latest); watch ID follows it",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--cancel", type=whole_number(1), metavar="ID", help="end this job early; what it has written stays"
    )
    what.add_argument("--watch", type=whole_number(1), metavar="ID", help="follow this job to its end")


def run(arguments: argparse.Namespace) -> int:
    """List the jobs, or show, watch or cancel one."""
    verb, job_id = _asked(arguments)
    client = connect(project_root(arguments))
    if verb == "cancel":
        return _show(client.cancel(job_id), arguments.json)
    if verb == "watch":
        return _watch(client, job_id, arguments.json)
    if verb == "show":
        return _show(client.job(job_id), arguments.json)
    return _list(client, arguments.json)


def _asked(arguments: argparse.Namespace) -> tuple[str, int]:
    """Return what is to be done with which job; all of them have the number 0. Raise UsageError."""
    words = [*arguments.words]
    for verb in ("cancel", "watch"):
        if (job_id := getattr(arguments, verb)) is not None:
            words += [verb, str(job_id)]
    if words in ([], ["list"]):
        return "list", 0
    verb = words.pop(0) if words[0] in ("show", "watch", "cancel") else "show"
    if len(words) != 1 or not words[0].isdecimal():
        raise UsageError("jobs takes the number of one job, or nothing. See: agent-brain jobs --help")
    return verb, int(words[0])


def _show(job: JobResponse, as_json: bool) -> int:
    if as_json:
        print_json(job)
        return OK
    say_rows(job_line(job))
    details = [skipped_line(job["progress"]["skipped"]), *map(one_line, job["progress"]["problems"])]
    say_rows(*(f"  {detail}" for detail in filter(None, details)))
    return OK


def _watch(client: AgentBrainClient, job_id: int, as_json: bool) -> int:
    job = wait_for_job(client, client.job(job_id))
    if as_json:
        print_json(job)
    else:
        say_rows(*outcome(job).splitlines())
    return OK if job["state"] == "done" else FAILED


def _list(client: AgentBrainClient, as_json: bool) -> int:
    page = client.jobs()
    if as_json:
        print_json(page)
        return OK
    say_rows(*map(job_line, page["jobs"]))
    if not page["jobs"]:
        say("No jobs yet. Run: agent-brain index")
    elif page["next_cursor"]:
        say("Older jobs are left out; agent-brain jobs ID shows one.")
    return OK
