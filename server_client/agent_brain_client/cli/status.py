"""`agent-brain status`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_client.cli.session import project_root
from agent_brain_client.client import AgentBrainClient
from agent_brain_client.consenting import require_accepted
from agent_brain_client.discovery import find_server, find_token, require_set_up
from agent_brain_client.errors import OK, UNREACHABLE
from agent_brain_client.output import (
    count,
    duration,
    home_relative,
    job_line,
    print_json,
    report_totals,
    say_rows,
    size,
    styled,
)
from agent_brain_client.wire import location_id
from agent_brain_contract.escaping import one_line

if TYPE_CHECKING:
    from agent_brain_client.answers import ReportResponse, ServerFile, ServerStatus, StatusResponse

LABEL_COLUMNS = 12
REPORT_SECONDS = 60
"""How old the totals of the report may be: to find them all directories are listed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the command has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Say what state the project is in. A server that does not run is not started: exit code 3."""
    root = project_root(arguments)
    require_accepted(root, require_set_up(root))
    server = find_server(root) or _find_by_lock(root)
    if server is None:
        return _not_running(root, arguments.json)
    client = AgentBrainClient(server["url"], find_token(root))
    status, report = client.status(), client.report(limit=1, max_age=REPORT_SECONDS)
    if arguments.json:
        left_out = {"totals": report["totals"], "masked": report["masked"], "ignored": report["ignored"]}
        left_out["problems"] = report["problems"]
        print_json({"running": True, **status, "report": left_out})
    else:
        say_rows(*status_lines(status), *_report_lines(report), indent=LABEL_COLUMNS)
    return OK


def _find_by_lock(root: Path) -> ServerFile | None:
    from agent_brain_client.lifecycle import find_running  # which looks at processes

    return find_running(root)


def _not_running(root: Path, as_json: bool) -> int:
    if as_json:
        print_json({"running": False, "project": {"id": location_id(root), "root": str(root)}})
    else:
        lines = (f"{_label('project')}{home_relative(root)}", f"{_label('server')}not running. Run: agent-brain start")
        say_rows(*lines, indent=LABEL_COLUMNS)
    return UNREACHABLE


def status_lines(status: StatusResponse) -> list[str]:
    """Return the whole status, a line a subject."""
    storage, embedding, index, watcher = status["storage"], status["embedding"], status["index"], status["watcher"]
    location = one_line(storage["location"].replace(f"{status['project']['root']}/", ""))
    place = f"{storage['backend']} {location}"
    if storage["backend"] == "postgresql":
        place += f" as project {one_line(status['project']['storage_id'])}"
    dimensions = f" ({embedding['dimensions']})" if embedding["dimensions"] else ""
    watched = watcher["state"] + (f": {one_line(watcher['detail'])}" if watcher["detail"] else "")
    lines = [
        f"{_label('project')}{home_relative(status['project']['root'])}",
        f"{_label('server')}{_server(status['server'])}",
        f"{_label('storage')}{place} ({size(storage['bytes'])})",
        f"{_label('embedding')}{one_line(embedding['name'])}{dimensions}",
        f"{_label('index')}{_index(status)}",
        f"{_label('watcher')}{watched}",
    ]
    languages = sorted(index["languages"].items(), key=lambda item: -item[1])[:6]
    if languages:
        lines.append(f"{_label('languages')}{', '.join(f'{one_line(name)} {number:,}' for name, number in languages)}")
    return lines


def _report_lines(report: ReportResponse) -> list[str]:
    """Return what is not in the index and the command that lists it, then each folder that is left out, and why."""
    totals = report_totals(report)
    lines = [f"{_label('folders')}{one_line(problem)}" for problem in report["problems"]]
    return [*lines, *([f"{_label('not indexed')}{totals}. See: agent-brain index --report"] if totals else [])]


def _label(text: str) -> str:
    return styled(f"{text:<{LABEL_COLUMNS}}", "dim")


def _server(server: ServerStatus) -> str:
    left = server["idle_stop_seconds"]
    parts = [f"127.0.0.1:{server['port']}", f"pid {server['pid']}", f"up {duration(server['uptime_seconds'])}"]
    if left is not None:
        parts.append(f"idle stop in {duration(left)}")
    return " · ".join([*parts, f"version {one_line(server['version'])}"])


def _index(status: StatusResponse) -> str:
    index, job = status["index"], status["job"]
    parts = [count(index["files"], "file"), count(index["chunks"], "chunk")]
    if job is not None and job["state"] in ("queued", "running"):
        parts.append(job_line(job))
    elif job is not None and job["state"] == "failed":
        parts.append(f"job {job['id']} failed: {one_line(job['error'])}")
    if status["jobs_queued"]:
        parts.append(count(status["jobs_queued"], "job") + " waiting")
    return " · ".join(parts)
