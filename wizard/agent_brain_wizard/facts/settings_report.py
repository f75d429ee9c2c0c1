"""What the server says of the settings: what each is, where it comes from, and what is wrong with them."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_wizard.facts.probe import CONFIG

TIMEOUT_SECONDS = 30.0
PREFIX = "AGENT_BRAIN_"
ENVIRONMENT = "environment"
SETUP = "agent-brain setup --yes"


@dataclass(frozen=True, slots=True)
class SettingsReport:
    """The server's report of its settings, as agent_brain_server.commands.settings documents it. `failure` says why it
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
        """Return what `name` is set to, None where the default holds."""
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


def problems_of(root: Path, report: SettingsReport) -> tuple[str, str]:
    """Return what is wrong with the settings, and what to do about it."""
    sentence, _, command = report.problems[0]["reason"].partition(". Correct it, or start again with new settings: ")
    if not report.problems[0]["name"] and command:
        return sentence, command
    detail = "; ".join(_problem(problem, report.names) for problem in report.problems)
    return detail.rstrip("."), _fix(root, report)


def _fix(root: Path, report: SettingsReport) -> str:
    """Return the fix for all problems: variables are unset, files are put away for new ones with the defaults."""
    sources = {problem["source"] for problem in report.problems}
    if sources == {ENVIRONMENT}:
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
    """Return where the problems are; a variable is named."""
    places = [
        variable_of(problem["name"]) if problem["source"] == ENVIRONMENT else problem["source"]
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
    near = get_close_matches(name.lower().removeprefix(PREFIX.lower()), names, n=1)
    shown = name.upper() if name.startswith(PREFIX.lower()) else name
    return f"{shown}{place} is not a setting" + (f" (did you mean {near[0]}?)" if near else "")


def variable_of(name: str) -> str:
    """Return the variable of a setting; a name that is one already stays."""
    if name.startswith("storage.postgres."):
        return f"{PREFIX}STORAGE_POSTGRES"
    return name if name.isupper() else PREFIX + name.replace(".", "_").upper()
