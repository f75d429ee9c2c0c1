"""This Python, the packages in it, and the plugin in Claude Code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from agent_brain_client.installation import REINSTALL, repair_command
from agent_brain_client.isolation import package_paths
from agent_brain_client.wire import VERSION
from agent_brain_contract.packages import DATABASE_MODULES, MODULES, SELDOM, try_packages
from agent_brain_contract.records import NoRecordError, damaged_files
from agent_brain_wizard.checks.finding import Finding

MOST_NAMED = 3
_PLUGIN = "agent-brain"


def check_python() -> Finding:
    """Report the versions of Python and of Agent Brain."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"python {version}, agent-brain {VERSION}")


def check_packages() -> Finding:
    """Check whether the packages that every installation has are whole."""
    wrong = "missing: agent_brain_server" if find_spec("agent_brain_server") is None else _wrong_packages()
    if wrong:
        return Finding("packages", "fail", wrong, repair_command() or REINSTALL)
    return Finding("packages", "ok", "all packages present")


def _wrong_packages() -> str:
    """Return what is wrong with the packages. Where they have no records, a Python of its own imports them."""
    modules = [*MODULES, *SELDOM]
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        return f"missing: {', '.join(missing)}"
    try:
        damaged = list(islice(damaged_files(sys.path, modules), MOST_NAMED))
    except NoRecordError:
        return try_packages(sys.executable, package_paths(), quick=True)
    return "; ".join(damaged)


def check_drivers() -> Finding:
    """Check that the packages are there that an index in PostgreSQL needs."""
    missing = [name for name in DATABASE_MODULES if find_spec(name) is None]
    if missing:
        detail = f"the index is in PostgreSQL, and its drivers are missing: {', '.join(missing)}"
        return Finding("drivers", "fail", detail, repair_command() or REINSTALL)
    return Finding("drivers", "ok", "the drivers of PostgreSQL are present")


def check_plugin(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Yield the plugin's entry in Claude Code; nothing where Claude Code has no plugins."""
    home = Path(environment.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    try:
        listed = json.loads((home / "plugins" / "installed_plugins.json").read_bytes())["plugins"]
        entries = [(name, entry) for name, value in listed.items() if _is_ours(name) for entry in _entries(value)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    if not entries:
        yield Finding("plugin", "ok", "the plugin is not installed in Claude Code; it is not needed for the commands")
        return
    yield _installed(*entries[0])


def _is_ours(name: str) -> bool:
    return name.partition("@")[0] == _PLUGIN


def _entries(value: Any) -> list[dict[str, Any]]:
    """Return the entries of a plugin: a client keeps one, or a list with one for each scope."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]


def _installed(name: str, entry: dict[str, Any]) -> Finding:
    """Check one entry; `name` is the plugin's with its marketplace, as the client's commands take it."""
    version, path = str(entry.get("version", "")), str(entry.get("installPath", ""))
    reinstall = f"claude plugin uninstall {name}, then claude plugin install {name}"
    if path and not Path(path).is_dir():
        return Finding("plugin", "warn", f"Claude Code lists the plugin at {path}, which is not there", reinstall)
    if version and version != VERSION:
        detail = f"the plugin in Claude Code is version {version}, this command is {VERSION}"
        return Finding("plugin", "warn", detail, f"claude plugin update {name}")
    return Finding("plugin", "ok", f"the plugin is installed in Claude Code (version {version or 'unknown'})")
