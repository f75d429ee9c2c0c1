"""The checks behind `doctor`. Each gives findings with a stable id; none changes anything."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.discovery import find_server, find_token, read_server_file, state_directory
from agent_brain_client.envfile import read_env
from agent_brain_client.errors import ClientError
from agent_brain_client.output import count, size
from agent_brain_client.processes import port_holder, server_process
from agent_brain_client.wire import ENV_FILE, VERSION, ServerFile
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.ports import FIRST_PORT, is_free
from agent_brain_wizard.probe import CONFIG, Facts, probe_project

State = Literal["ok", "warn", "fail"]
SCARCE_BYTES = 500_000_000
LEAST_BYTES = 50_000_000
_PACKAGES = (
    "fastapi", "filelock", "httpx", "jinja2", "numpy", "psutil", "pydantic_settings", "tqdm", "tree_sitter",
    "uvicorn", "watchfiles", "yaml", "agent_brain_server",
)  # fmt: skip
_SETUP = "agent-brain setup --yes"
_RESTART = "agent-brain stop, then agent-brain start"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `id` is stable; `fix` is what to do about it, empty when it is ok."""

    id: str
    state: State
    detail: str
    fix: str = ""


def examine(root: Path) -> Iterator[Finding]:
    """Every check in order. What cannot be checked without a step before it is left out."""
    yield _python()
    yield _packages()
    try:
        facts = probe_project(root)
    except SetupError as error:
        yield Finding("setup", "fail", str(error), _SETUP)
        return
    yield _set_up(facts)
    if CONFIG in facts.files:
        yield _config(facts)
    if ENV_FILE in facts.files:
        yield _modes(facts)
    yield _state_directory(root)
    yield _disk(root)
    server = find_server(root)
    yield _server(root, server)
    yield _port(root, facts, server)
    if server is not None:
        yield from _index(root, server)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"python {version}, agent-brain {VERSION}")


def _packages() -> Finding:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return Finding("packages", "fail", f"missing: {', '.join(missing)}", "install agent-brain anew")
    return Finding("packages", "ok", "all packages present")


def _set_up(facts: Facts) -> Finding:
    missing = [path for path in (CONFIG, ENV_FILE) if path not in facts.files]
    if missing:
        return Finding("setup", "fail", f"missing: {', '.join(missing)}", _SETUP)
    if not facts.token:
        return Finding("setup", "fail", f"{ENV_FILE} has no AGENT_BRAIN_TOKEN", _SETUP)
    return Finding("setup", "ok", f"{facts.root} is set up")


def _config(facts: Facts) -> Finding:
    if facts.config_error:
        return Finding("config", "fail", f"{CONFIG} cannot be read: {facts.config_error}", f"correct {CONFIG}")
    edited = " (edited by hand)" if facts.was_edited(CONFIG) else ""
    port, source = configured_port(facts.root, facts)
    return Finding("config", "ok", f"settings: {CONFIG}{edited}, port {port} from {source}")


def _modes(facts: Facts) -> Finding:
    mode = facts.files[ENV_FILE].mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("modes", "fail", f"{ENV_FILE} is readable by others ({mode:04o})", _SETUP)
    return Finding("modes", "ok", f"{ENV_FILE} is readable by you alone")


def _state_directory(root: Path) -> Finding:
    state = state_directory(root)
    existing = next(path for path in (state, *state.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("state", "fail", f"{existing} cannot be written", f"give yourself write access to {existing}")
    return Finding("state", "ok", f"{existing} can be written")


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    if free >= SCARCE_BYTES:
        return Finding("disk", "ok", f"{size(free)} free")
    return Finding(
        "disk", "fail" if free < LEAST_BYTES else "warn", f"only {size(free)} free", "make room on this disk"
    )


def _server(root: Path, server: ServerFile | None) -> Finding:
    if server is not None:
        detail = f"{server['url']} (pid {server['pid']}, version {server['version']})"
        if server["version"] != VERSION:
            return Finding("server", "warn", f"another version runs: {detail}", _RESTART)
        return Finding("server", "ok", f"runs on {detail}")
    claim = read_server_file(root)
    if claim is not None and server_process(claim) is not None:
        return Finding("server", "fail", f"pid {claim['pid']} does not answer at {claim['url']}", _RESTART)
    return Finding("server", "ok", "not running; it starts when it is needed")


def configured_port(root: Path, facts: Facts) -> tuple[int, str]:
    """The port that a server of `root` would take, and where that is set; in the server's own order."""
    places = (
        ("environment", dict(os.environ)),
        (ENV_FILE, read_env(root / ENV_FILE)),
        (".env", read_env(root / ".env")),
    )
    for source, values in places:
        if values.get("AGENT_BRAIN_PORT", "").isdecimal():
            return int(values["AGENT_BRAIN_PORT"]), source
    return (facts.config_port, CONFIG) if facts.config_port else (FIRST_PORT, "the default")


def _port(root: Path, facts: Facts, server: ServerFile | None) -> Finding:
    port, _ = configured_port(root, facts)
    if server is not None and urlsplit(server["url"]).port == port:
        return Finding("port", "ok", f"port {port} is held by this project's server")
    if is_free(port):
        return Finding("port", "ok", f"port {port} is free")
    state: State = "warn" if server is not None else "fail"
    return Finding("port", state, f"port {port} is held by {port_holder(port)}", "agent-brain start --port auto")


def _index(root: Path, server: ServerFile) -> Iterator[Finding]:
    try:
        with AgentBrainClient(server["url"], find_token(root)) as client:
            status = client.status()
    except ClientError as error:
        yield Finding("token", "fail", str(error), _RESTART)
        return
    index, job, watcher = status["index"], status["job"], status["watcher"]
    counts = f"{count(index['files'], 'file')}, {count(index['chunks'], 'chunk')}"
    if job is not None and job["state"] in ("queued", "running"):
        yield Finding(
            "index", "warn", f"{counts}; job {job['id']} is under way", f"agent-brain jobs --watch {job['id']}"
        )
    elif job is not None and job["state"] == "failed":
        yield Finding("index", "fail", f"{counts}; job {job['id']} failed: {job['error']}", "agent-brain index --wait")
    elif not index["chunks"]:
        yield Finding("index", "warn", "the index is empty", "agent-brain index --wait")
    else:
        yield Finding("index", "ok", counts)
    if watcher["state"] == "failed":
        yield Finding("watcher", "fail", f"files are not watched: {watcher['detail']}", _RESTART)
    else:
        yield Finding("watcher", "ok", "files are watched" if watcher["state"] == "watching" else "watching is off")
