"""The settings: what stands where, what is wrong with it, and what the environment changes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agent_brain_client.installation import REINSTALL, repair_command
from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_contract.consent import COMPOSE_FILE, Demand
from agent_brain_contract.paths import TOKEN_VARIABLE
from agent_brain_wizard.checks.finding import SETUP, Finding
from agent_brain_wizard.plan import compose_value
from agent_brain_wizard.probe import COMPOSE, CONFIG, Facts

TIMEOUT_SECONDS = 30.0
_PREFIX = "AGENT_BRAIN_"
_ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """What the server says of its settings, as agent_brain_server.settings_command documents it. `failure` says why it
    could not be asked; then the rest is empty.
    """

    failure: str
    names: tuple[str, ...]
    settings: tuple[dict[str, Any], ...]
    problems: tuple[dict[str, str], ...]
    storage: Mapping[str, Any]
    embedding: str
    demands: tuple[dict[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def value(self, name: str) -> Any:
        """What `name` is set to, None where the default holds."""
        return next((one["value"] for one in self.settings if one["name"] == name), None)


def read_settings(root: Path, staged: Path | None = None) -> SettingsReport:
    """Ask the server's own code, in a process of its own: only it knows how the settings are read.

    Files in the directory `staged` are read instead of the project's.
    """
    command = server_command("settings", "--project", str(root))
    command += ["--staged", str(staged)] if staged else []
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=DIRECTORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        tree = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return SettingsReport(
            "the settings cannot be read, since the server's program does not start", (), (), (), {}, ""
        )
    return SettingsReport(
        "",
        tuple(tree["names"]),
        tuple(tree["settings"]),
        tuple(tree["problems"]),
        tree["storage"] or {},
        tree["embedding"] or "",
        tuple(tree["demands"]),
        tuple(tree["ignored"]),
    )


def check_config(facts: Facts, report: SettingsReport) -> Finding:
    """Whether all settings can be used, and where each comes from that is not the default."""
    if report.failure:
        return Finding("config", "fail", report.failure, repair_command() or REINSTALL)
    if report.problems:
        detail, command = problems_of(facts.root, report)
        return Finding("config", "fail", detail, command)
    edited = f" ({CONFIG} is edited by hand)" if facts.was_edited(CONFIG) else ""
    return Finding("config", "ok", f"settings: {_given(report) or 'all defaults'}{edited}")


def check_consent(facts: Facts, report: SettingsReport) -> Finding:
    """Whether the person has accepted where the project's files send text, keep the index and read outside."""
    record = facts.record
    demands = [Demand(**one) for one in report.demands]
    if COMPOSE in facts.files and facts.saved.get("storage") == "postgres-docker":
        demands.append(
            Demand(COMPOSE_FILE, COMPOSE, "the containers to run", compose_value(facts.files[COMPOSE].content))
        )
    pending = [one for one in demands if record is None or not record.accepts(one.kind, one.value)]
    if pending:
        detail = "; ".join(f"{one.source} sets {one.key} to {one.value}, not accepted" for one in pending)
        return Finding("consent", "fail", detail, "agent-brain setup")
    if record is not None and facts.variables.get(TOKEN_VARIABLE) and not facts.token:
        return Finding("consent", "fail", f"{ENV_FILE} has another token than setup made", "agent-brain setup --yes")
    if report.ignored:
        detail = f".env sets {', '.join(report.ignored)}, which counts in {ENV_FILE} or the environment alone"
        return Finding("consent", "warn", detail, f"move it from .env to {ENV_FILE}")
    detail = f"accepted: {', '.join(one.value for one in demands)}" if demands else "nothing leaves the project"
    return Finding("consent", "ok", detail)


def problems_of(root: Path, report: SettingsReport) -> tuple[str, str]:
    """What is wrong with the settings, and what to do about it."""
    sentence, _, command = report.problems[0]["reason"].partition(". Correct it, or start again with new settings: ")
    if not report.problems[0]["name"] and command:
        return sentence, command
    detail = "; ".join(_problem(problem, report.names) for problem in report.problems)
    return detail.rstrip("."), _way_on(root, report)


def _way_on(root: Path, report: SettingsReport) -> str:
    """What mends all problems: variables can be unset, and files put away for new ones with the defaults."""
    sources = {problem["source"] for problem in report.problems}
    if sources == {_ENVIRONMENT}:
        return f"unset {' '.join(_places(report).split(', '))}"
    if not sources <= {CONFIG, ENV_FILE}:
        return f"correct {_places(report)}"
    moves = [
        f"mv {shlex.quote(str(root / path))} {shlex.quote(str(root / STATE_DIRECTORY / f'{name}.broken'))}"
        for path, name in ((CONFIG, "config.yaml"), (ENV_FILE, "env.agent-brain"))
        if path in sources
    ]
    state = root / STATE_DIRECTORY  # before setup there is none
    make = [] if state.is_dir() else [f"mkdir -p -m 700 {shlex.quote(str(state))}"]
    return f"correct {_places(report)}, or begin again: {' && '.join([*make, *moves, SETUP])}"


def _places(report: SettingsReport) -> str:
    """Where the problems are; a variable is named."""
    places = [
        variable_of(problem["name"]) if problem["source"] == _ENVIRONMENT else problem["source"]
        for problem in report.problems
    ]
    return ", ".join(dict.fromkeys(filter(None, places))) or f"{CONFIG}, {ENV_FILE} or the environment"


def _problem(problem: dict[str, str], names: tuple[str, ...]) -> str:
    name = problem["name"]
    if not name:
        return problem["reason"]
    place = f" in {problem['source']}" if problem["source"] else ""
    if problem["kind"] != "extra_forbidden":
        return f"{name}{place}{problem['reason']}"
    near = get_close_matches(name.lower().removeprefix(_PREFIX.lower()), names, n=1)
    shown = name.upper() if name.startswith(_PREFIX.lower()) else name
    return f"{shown}{place} is not a setting" + (f" (did you mean {near[0]}?)" if near else "")


def _given(report: SettingsReport) -> str:
    """What is not as by default, by where it stands."""
    places: dict[str, list[str]] = {}
    for one in report.settings:
        if one["differs"] and one["name"] != "token":
            shown = "" if one["value"] is None else f" {json.dumps(one['value'], ensure_ascii=False).strip(chr(34))}"
            places.setdefault(one["source"], []).append(one["name"] + shown)
    return "; ".join(f"{', '.join(given)} from {place.rpartition('/')[2]}" for place, given in places.items())


def check_environment(report: SettingsReport, environment: Mapping[str, str] = os.environ) -> Finding:
    """Variables that go before what the project's files say are easily forgotten."""
    hiding = [one for one in report.settings if one["source"] == _ENVIRONMENT and one["hides"]]
    parts = [f"{variable_of(one['name'])} overrides {one['hides']}" for one in hiding]
    variables = [variable_of(one["name"]) for one in hiding]
    for name, meant in _misspelt(report.names, environment).items():
        parts.append(f"{name} is not a setting (did you mean {meant}?)")
        variables.append(name)
    if variables:
        return Finding("environment", "warn", ", ".join(parts), f"unset {' '.join(variables)}")
    used = [variable_of(one["name"]) for one in report.settings if one["source"] == _ENVIRONMENT]
    detail = f"set in the environment: {', '.join(used)}" if used else "no variable overrides a setting"
    return Finding("environment", "ok", detail)


def variable_of(name: str) -> str:
    """The variable of a setting; a name that is one already stays."""
    if name.startswith("storage.postgres."):
        return f"{_PREFIX}STORAGE_POSTGRES"
    return name if name.isupper() else _PREFIX + name.replace(".", "_").upper()


def _misspelt(names: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Our variables that no setting has, but that are nearly one's name."""
    known = {variable_of(name) for name in names}
    others = [name for name in environment if name.startswith(_PREFIX) and name not in known]
    near = {name: get_close_matches(name, known, n=1, cutoff=0.92) for name in others}
    return {name: found[0] for name, found in near.items() if found}


def configured_port(facts: Facts, report: SettingsReport, default: int) -> int:
    """The port that a server started now would take."""
    for port in (report.value("port"), facts.saved.get("port"), facts.config_port):
        if port is not None and str(port).isdecimal():
            return int(port)
    return default
