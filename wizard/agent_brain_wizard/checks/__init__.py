"""The checks behind `doctor`. Each gives findings with a stable id; none changes anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.discovery import find_server, find_token
from agent_brain_client.errors import ClientError, ServerError
from agent_brain_contract.defaults import DEFAULT_PORT
from agent_brain_wizard.checks.database import (
    check_docker,
    check_login,
    check_model,
    check_running_storage,
    check_storage,
    check_vectors,
)
from agent_brain_wizard.checks.files import (
    check_disk,
    check_gitignore,
    check_modes,
    check_set_up,
    check_state_directory,
)
from agent_brain_wizard.checks.finding import RESTART, Finding, postgres_fix, split_command
from agent_brain_wizard.checks.index import check_index
from agent_brain_wizard.checks.installation import check_drivers, check_packages, check_plugin, check_python
from agent_brain_wizard.checks.server import check_port, check_server
from agent_brain_wizard.checks.settings import check_config, check_consent, check_environment, configured_port
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.probe import CONFIG, Facts, probe_project
from agent_brain_wizard.facts.settings_report import SETUP, SettingsReport, read_settings

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile


def examine(root: Path) -> Iterator[Finding]:
    """Yield every check in order. What cannot be checked without a step before it is left out."""
    yield check_python()
    with ThreadPoolExecutor(1) as pool:
        packages = pool.submit(check_packages)  # takes as long as all others together
        others = list(_examine_project(root))
    yield packages.result()
    yield from others


def _examine_project(root: Path) -> Iterator[Finding]:
    if os.access(root / CONFIG, os.F_OK):
        yield check_modes(root)  # before all else: where others may write, nothing else is looked at
    try:
        facts = probe_project(root)
    except SetupError as error:
        yield Finding("setup", "fail", *split_command(str(error), SETUP))
        yield from _examine_without_record(root)
        return
    report = read_settings(root)
    yield from _examine_settings(facts, report)
    if check_consent(facts, report).state == "fail":
        report = replace(report, storage={})  # what is not accepted is not even asked whether it answers
    if _in_docker(facts):
        yield check_login(facts)
    yield from _examine_files(facts)
    server = find_server(root)
    yield check_server(root, server, _in_docker(facts))
    if facts.record is not None:  # before setup the port is not known
        yield check_port(root, configured_port(facts, report, DEFAULT_PORT), server)
    if server is not None:
        yield from _examine_running(facts, report, server)
    elif CONFIG in facts.files and report.storage:
        yield from _examine_stopped(facts, report)
    yield from check_plugin()


def _examine_without_record(root: Path) -> Iterator[Finding]:
    """Check what no file of the project may decide, where it is not known what is accepted."""
    try:
        facts = probe_project(root, needs_record=False)
    except SetupError:  # the state itself is not safe to use
        yield check_disk(root)
        yield from check_plugin()
        return
    report = read_settings(root)
    yield check_environment(report)
    if CONFIG in facts.files or report.problems:
        yield check_config(facts, report)
    yield from _examine_files(facts)
    if not report.demands and report.storage.get("backend") == "sqlite":
        yield check_storage(root, report.storage, in_docker=False)
    yield from check_plugin()


def _examine_settings(facts: Facts, report: SettingsReport) -> Iterator[Finding]:
    yield check_set_up(facts)
    yield check_environment(report)
    if CONFIG in facts.files or report.problems:
        yield check_config(facts, report)
        yield check_consent(facts, report)
    if report.storage.get("backend") == "postgresql":
        yield check_drivers()


def _examine_files(facts: Facts) -> Iterator[Finding]:
    if CONFIG in facts.files and facts.in_git:
        yield check_gitignore(facts)
    yield check_state_directory(facts.root)
    yield check_disk(facts.root)


def _in_docker(facts: Facts) -> bool:
    return facts.saved.get("storage") == "postgres-docker"


def _examine_stopped(facts: Facts, report: SettingsReport) -> Iterator[Finding]:
    storage = check_storage(facts.root, report.storage, _in_docker(facts))
    yield storage
    if report.storage["backend"] == "sqlite" and storage.state == "ok":
        yield from filter(None, (check_model(facts.root, report), check_vectors(facts.root, report.storage)))
    if _in_docker(facts):
        yield check_docker(storage.state == "ok")


def _examine_running(facts: Facts, report: SettingsReport, server: ServerFile) -> Iterator[Finding]:
    try:
        client = AgentBrainClient(server["url"], find_token(facts.root))
        status = client.status()
        storage = check_running_storage(client, status["storage"], report.storage, _in_docker(facts))
        yield storage
        if _in_docker(facts):
            yield check_docker(storage.state == "ok")
        yield from check_index(client, status, report.embedding)
    except ClientError as error:
        said, fix = split_command(str(error), RESTART)
        yield Finding("answers", "fail", said, postgres_fix(said, _in_docker(facts)) or fix)
        if isinstance(error, ServerError) and error.code.startswith("storage_") and report.storage:
            yield check_storage(facts.root, report.storage, _in_docker(facts))
