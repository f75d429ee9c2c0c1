"""The project's server and its port."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent_brain_client.discovery import read_server_file, seems_to_answer, state_directory
from agent_brain_client.logfile import log_path
from agent_brain_client.processes import port_holder, server_process
from agent_brain_client.wire import ENV_FILE, VERSION
from agent_brain_contract.regular_files import open_regular_file
from agent_brain_wizard.checks.finding import FIX, RESTART, START, Finding, postgres_fix, split_command
from agent_brain_wizard.facts.free_ports import is_free
from agent_brain_wizard.facts.probe import CONFIG

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile

_TAIL_BYTES = 4_096
_REFUSAL = "agent-brain: "


def check_server(root: Path, server: ServerFile | None, in_docker: bool = False) -> Finding:
    """Check whether the one that runs is ours, is of this version and has the settings of now; else why none runs."""
    if server is not None:
        return _running(root, server)
    claim = read_server_file(root)
    if claim is not None and server_process(claim) is not None:
        wrong = "was started with another AGENT_BRAIN_TOKEN" if seems_to_answer(claim) else "does not answer"
        return Finding("server", "fail", f"the server at {claim['url']} (pid {claim['pid']}) {wrong}", RESTART)
    if stale_server_file(root) is not None:
        return Finding("server", "warn", "not running; a server that has ended left its server.json", FIX)
    reason = _refusal(root)
    if reason:
        said, command = split_command(reason, START)
        command = postgres_fix(said, in_docker) or command
        return Finding("server", "warn", f"not running; the last start failed: {said}", command)
    return Finding("server", "ok", "not running; it starts when it is needed")


def _running(root: Path, server: ServerFile) -> Finding:
    detail = f"{server['url']} (pid {server['pid']}, version {server['version']})"
    if server["version"] != VERSION:
        return Finding("server", "warn", f"another version runs: {detail}", RESTART)
    newer = [path for path in (CONFIG, ENV_FILE) if _changed_at(root / path) > server["started_at"]]
    if newer:
        return Finding(
            "server", "warn", f"{' and '.join(newer)} changed after the server was started: {detail}", RESTART
        )
    return Finding("server", "ok", f"runs on {detail}")


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def stale_server_file(root: Path) -> Path | None:
    """Return `server.json` where it is damaged, another project's or of a server that has ended, else None."""
    path = state_directory(root) / "server.json"
    if path.is_symlink() or not path.is_file():
        return None
    claim = read_server_file(root)
    return path if claim is None or server_process(claim) is None else None


def _refusal(root: Path) -> str:
    """Return why the server did not start when it was started last, in its own words; nothing where it did."""
    state = state_directory(root)
    log = log_path(state)
    # A start that goes well may log nothing, but makes server.json; a later setup has perhaps fixed what was wrong.
    if _changed_at(log) < _changed_at(state):
        return ""
    try:
        with os.fdopen(open_regular_file(log), "rb") as file:
            file.seek(max(file.seek(0, 2) - _TAIL_BYTES, 0))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    last = lines[-1] if lines else ""
    return last.removeprefix(_REFUSAL) if last.startswith(_REFUSAL) else ""


def check_port(root: Path, port: int, server: ServerFile | None) -> Finding:
    """Check whether the port of the settings is this server's, or could be."""
    if port == 0:
        return Finding("port", "ok", "the server uses any free port (port 0)")
    if server is not None and urlsplit(server["url"]).port == port:
        return Finding("port", "ok", f"port {port} is held by this project's server")
    if is_free(port):
        return Finding("port", "ok", f"port {port} is free")
    claim = read_server_file(root)
    if server is None and claim is not None and urlsplit(claim["url"]).port == port and server_process(claim):
        return Finding("port", "warn", f"port {port} is held by this project's server, which does not answer", RESTART)
    detail = f"port {port} is held by {port_holder(port)}"
    if server is not None:  # clients find it wherever it listens
        return Finding("port", "ok", f"{detail}; this project's server uses {urlsplit(server['url']).port}")
    return Finding("port", "fail", detail, "agent-brain start --port auto")
