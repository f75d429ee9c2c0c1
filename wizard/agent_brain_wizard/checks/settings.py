"""The settings: where each comes from, what is wrong with it, and what the environment changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from difflib import get_close_matches

from agent_brain_client.installation import REINSTALL, repair_command
from agent_brain_client.wire import ENV_FILE
from agent_brain_contract.consent import COMPOSE_FILE, Demand
from agent_brain_contract.paths import TOKEN_VARIABLE
from agent_brain_wizard.checks.finding import Finding
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, Facts
from agent_brain_wizard.facts.settings_report import ENVIRONMENT, PREFIX, SettingsReport, problems_of, variable_of
from agent_brain_wizard.plan.plan import compose_value


def check_config(facts: Facts, report: SettingsReport) -> Finding:
    """Check whether all settings can be used, and where each comes from that is not the default."""
    if report.failure:
        return Finding("config", "fail", report.failure, repair_command() or REINSTALL)
    if report.problems:
        detail, command = problems_of(facts.root, report)
        return Finding("config", "fail", detail, command)
    edited = f" ({CONFIG} is edited by hand)" if facts.was_edited(CONFIG) else ""
    return Finding("config", "ok", f"settings: {_given(report) or 'all defaults'}{edited}")


def check_consent(facts: Facts, report: SettingsReport) -> Finding:
    """Check whether the person has accepted where the project's files send text, keep the index and read outside."""
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


def _given(report: SettingsReport) -> str:
    """Return what is not as by default, by where it comes from."""
    places: dict[str, list[str]] = {}
    for one in report.settings:
        if one["differs"] and one["name"] != "token":
            shown = "" if one["value"] is None else f" {json.dumps(one['value'], ensure_ascii=False).strip(chr(34))}"
            places.setdefault(one["source"], []).append(one["name"] + shown)
    return "; ".join(f"{', '.join(given)} from {place.rpartition('/')[2]}" for place, given in places.items())


def check_environment(report: SettingsReport, environment: Mapping[str, str] = os.environ) -> Finding:
    """Check for variables that override what the project's files say, and for misspelt ones."""
    hiding = [one for one in report.settings if one["source"] == ENVIRONMENT and one["hides"]]
    parts = [f"{variable_of(one['name'])} overrides {one['hides']}" for one in hiding]
    variables = [variable_of(one["name"]) for one in hiding]
    for name, meant in _misspelt(report.names, environment).items():
        parts.append(f"{name} is not a setting (did you mean {meant}?)")
        variables.append(name)
    if variables:
        return Finding("environment", "warn", ", ".join(parts), f"unset {' '.join(variables)}")
    used = [variable_of(one["name"]) for one in report.settings if one["source"] == ENVIRONMENT]
    detail = f"set in the environment: {', '.join(used)}" if used else "no variable overrides a setting"
    return Finding("environment", "ok", detail)


def _misspelt(names: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, str]:
    """Return our variables that no setting has, but that are nearly the name of one."""
    known = {variable_of(name) for name in names}
    others = [name for name in environment if name.startswith(PREFIX) and name not in known]
    near = {name: get_close_matches(name, known, n=1, cutoff=0.92) for name in others}
    return {name: found[0] for name, found in near.items() if found}


def configured_port(facts: Facts, report: SettingsReport, default: int) -> int:
    """Return the port that a server started now would take."""
    for port in (report.value("port"), facts.saved.get("port"), facts.config_port):
        if port is not None and str(port).isdecimal():
            return int(port)
    return default
