"""Where the index is kept: SQLite, or PostgreSQL and the container that it may run in."""

from __future__ import annotations

import os
import shlex
import socket
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.discovery import state_directory
from agent_brain_client.errors import ClientError
from agent_brain_client.output import count, size
from agent_brain_contract.defaults import OLDEST_SQLITE, OLDEST_SQLITE_TEXT, SQLITE
from agent_brain_contract.index_file import ELSEWHERE, FOREIGN, foreign_file, move
from agent_brain_wizard.checks.finding import FIX, INDEX, REINDEX, RESTART, Finding, postgres_fix, split_command
from agent_brain_wizard.checks.sqlite_file import embedded_by, faults, is_database, odd_kind
from agent_brain_wizard.checks.vector_cache import is_damaged
from agent_brain_wizard.checks.write_ahead_log import lost_frames
from agent_brain_wizard.facts.probe import Facts
from agent_brain_wizard.facts.settings_report import SETUP, SettingsReport
from agent_brain_wizard.plan.logins import present_login, upgrade_steps

if TYPE_CHECKING:
    from agent_brain_client.answers import StorageStatus

CONNECT_SECONDS = 2.0
_DOCKER_FIXES = {
    "absent": "install Docker (https://docs.docker.com/get-docker/)",
    "no-daemon": "start Docker",
    "no-permission": "give yourself access to Docker's socket (the group docker), then log in again",
    "no-compose": "install the Compose plugin of Docker",
}


def check_running_storage(
    client: AgentBrainClient, storage: StorageStatus, chosen: Mapping[str, Any], in_docker: bool
) -> Finding:
    """Return what the running server says of its storage. `chosen` is what the settings name now."""
    backend = storage["backend"]
    if chosen and chosen["backend"] != backend:
        detail = f"the server uses {backend}, the settings say {chosen['backend']}"
        return Finding("database", "warn", detail, RESTART)
    if backend == "sqlite":
        return _verified(Path(storage["location"]), storage["location"], storage["bytes"])
    if backend != "postgresql":
        return Finding("database", "ok", backend)
    try:
        health = client.database_health()
    except ClientError as error:
        said, fix = split_command(str(error), "solve this; the server then continues by itself")
        return Finding("database", "fail", said, postgres_fix(said, in_docker) or fix)
    pool = f"{health['in_use']} of {health['pool_max']} connections in use"
    versions = f"PostgreSQL {health['server_version']}, pgvector {health['pgvector_version']}"
    detail = f"{versions}, {health['latency_ms']:.1f} ms, {pool}, {size(storage['bytes'])}"
    if health["waiters"]:
        detail += f", {count(health['waiters'], 'request')} waiting"
        return Finding("database", "warn", detail, "raise storage.postgres.pool_max")
    return Finding("database", "ok", detail)


def check_storage(root: Path, chosen: Mapping[str, Any], in_docker: bool) -> Finding:
    """Check whether a server that is started now would find its storage."""
    if chosen["backend"] == "sqlite":
        return _check_sqlite(root, str(chosen["location"]))
    if chosen["backend"] != "postgresql":
        return Finding("database", "ok", f"storage {chosen['backend']}")
    place = f"PostgreSQL at {chosen['host']}:{chosen['port']}"
    if _listens(str(chosen["host"]), int(chosen["port"])):
        return Finding("database", "ok", f"{place} takes connections")
    detail = f"{place} does not answer"
    return Finding("database", "fail", detail, postgres_fix(detail, in_docker))


def _check_sqlite(root: Path, url: str) -> Finding:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        detail = f"this Python has SQLite {sqlite3.sqlite_version}, {OLDEST_SQLITE_TEXT} or newer is needed"
        return Finding("database", "fail", detail, "use another Python")
    path = root / unquote(url.removeprefix(SQLITE))
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    odd = odd_kind(path)
    if odd is not None:
        detail = f"{odd} is a link, a directory or a pipe, but the index needs a file there"
        return Finding("database", "fail", detail, f"mv {shlex.quote(str(odd))} {shlex.quote(f'{odd}.moved')}")
    if not path.exists():
        return Finding("database", "warn", f"sqlite {sqlite3.sqlite_version}; there is no {shown} yet", INDEX)
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding("database", "fail", f"{shown} cannot be written", f"chmod u+rw {shlex.quote(str(path))}")
    if foreign_file(root, path):
        fix = f"{ELSEWHERE}, or, if no program needs the file: {move(path)}"
        return Finding("database", "fail", f"{shown} {FOREIGN}", fix)
    lost = lost_frames(path)
    found = _verified(path, str(shown), path.stat().st_size)
    if lost and found.state == "ok":
        detail = f"{shown}-wal is damaged, and what was indexed last is lost ({lost})"
        return Finding("database", "fail", detail, INDEX)
    return found


def _verified(path: Path, shown: str, length: int) -> Finding:
    """Return what reading the whole file says of it."""
    if not path.exists():
        return Finding("database", "fail", f"{shown} was deleted while the server is running", RESTART)
    if not is_database(path):
        return Finding("database", "fail", f"{shown} is not a SQLite database", REINDEX)
    found = faults(path)
    if found:
        detail = f"{shown} is damaged or not an Agent Brain index: {'; '.join(found)}"
        return Finding("database", "fail", detail, REINDEX)
    return Finding("database", "ok", f"sqlite {sqlite3.sqlite_version}, {shown} ({size(length)})")


def check_model(root: Path, report: SettingsReport) -> Finding | None:
    """Check whether the index was embedded by what the settings name now; None where it holds nothing."""
    stored = embedded_by(root / unquote(str(report.storage["location"]).removeprefix(SQLITE)))
    named = report.value("embedding.model") if report.embedding == "openai-compatible" else report.embedding
    if not stored:
        return None
    if stored == named or (named == "built-in" and stored.startswith("built-in")):  # whose name has a version
        return Finding("embedding", "ok", f"{stored}, the same as in the index")
    return Finding(
        "embedding", "fail", f"the index was made with the embedding {stored}, but the settings say {named}", REINDEX
    )


def check_vectors(root: Path, chosen: Mapping[str, Any]) -> Finding | None:
    """Check whether the vectors of the embedded index are as they were written; None where there are none."""
    path = (root / unquote(str(chosen["location"]).removeprefix(SQLITE))).with_suffix(".vectors")
    damaged = is_damaged(path)
    if damaged is None:
        return None
    if damaged:
        fix = FIX if path == state_directory(root) / path.name else f"rm {shlex.quote(str(path))}"
        return Finding("vectors", "warn", f"{path.name} is damaged; the server makes it again from the index", fix)
    return Finding("vectors", "ok", f"{path.name} is intact")


def _listens(host: str, port: int) -> bool:
    """Return whether somebody takes connections there; `host` may be the directory of a Unix socket."""
    try:
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(CONNECT_SECONDS)
                local.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def check_login(facts: Facts) -> Finding:
    """Check whether the server logs in to setup's container as a role that reads this project's rows alone."""
    login = present_login(facts)
    steps = upgrade_steps(facts, facts.record.project_id if facts.record else "")
    if steps:
        detail = f"the server logs in as {login}, the container's superuser, who can read the rows of every project"
        return Finding("login", "warn", detail, f"{steps}{' && ' if steps == SETUP else ', then '}{RESTART}")
    return Finding("login", "ok", f"the server logs in as {login}")


def check_docker(answers: bool) -> Finding:
    """Check whether the container can be managed. A database that `answers` runs all the same."""
    from agent_brain_wizard.container.docker import probe_docker

    facts = probe_docker()
    if facts.state == "ready":
        return Finding("docker", "ok", facts.detail)
    return Finding("docker", "warn" if answers else "fail", facts.detail, _DOCKER_FIXES[facts.state])
