"""The Python environment of one version of the plugin: where it is and whether it is there.

Each is named after the hash of its lock file, so that two versions in use at once never share one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from project import PluginError

ROOT = Path(__file__).resolve().parents[2]
DATA_VARIABLE = "CLAUDE_PLUGIN_DATA"
PYTHON_VARIABLE = "AGENT_BRAIN_PYTHON"
LOCK_FILE = "uv.lock"
KEY_LENGTH = 12


def data_directory(variables: Mapping[str, str]) -> Path:
    """Return where the plugin keeps what outlives an update: what Claude Code names, else the person's data directory.

    Raise PluginError for a relative name, which would be another directory in each project.
    """
    named = variables.get(DATA_VARIABLE)
    if named:
        return absolute(named, DATA_VARIABLE)
    if sys.platform == "win32":
        base = variables.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        named = variables.get("XDG_DATA_HOME", "")
        base = named if Path(named).is_absolute() else Path.home() / ".local" / "share"
    return Path(base) / "agent-brain"


def absolute(named: str, source: str) -> Path:
    """Return the path that `source` names. Raise PluginError for a relative one."""
    if not Path(named).is_absolute():
        raise PluginError(f"{source} names {named}, which is not an absolute path. Correct or unset it.")
    return Path(named)


def environment_directory(data: Path) -> Path:
    """Return where the environment for this version's locked packages is, built or not."""
    return data / "envs" / key_of(ROOT)


@cache
def lock_hash(root: Path = ROOT) -> str:
    """Return the hash of what is to be installed for the plugin in the folder `root`."""
    return hashlib.sha256((root / LOCK_FILE).read_bytes()).hexdigest()


def key_of(root: Path) -> str:
    """Return the name of the environment that the plugin in the folder `root` needs."""
    return lock_hash(root)[:KEY_LENGTH]


def interpreter(environment: Path) -> Path:
    """Return the Python inside of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_built(data: Path, variables: Mapping[str, str]) -> bool:
    """Return whether there is a Python to run the command with. That it works is not said by that."""
    return bool(variables.get(PYTHON_VARIABLE)) or _is_there(environment_directory(data))


def _is_there(environment: Path) -> bool:
    return interpreter(environment).exists() and (environment / "pyvenv.cfg").exists()
