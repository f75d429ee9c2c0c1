"""Which ports setup gave to this user's projects: a small file in the user's own state directory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_brain_contract.paths import user_state_directory
from agent_brain_contract.regular_files import read_regular_file

GIVEN = "ports.json"
NAMED = "port_named"
Given = dict[str, dict[str, Any]]


def given_ports(environment: Mapping[str, str] | None = None) -> Given:
    """Return the record as it is: by Compose project, its root, its ports, and whether the person named the server's.

    Empty where there is none, or none that can be read.
    """
    try:
        record = json.loads(read_regular_file(user_state_directory(environment) / GIVEN))
        return {str(name): dict(one) for name, one in record.items() if isinstance(one["root"], str)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def setup_chose(root: Path, port: int, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether setup picked `port` for the server of the project at `root`, and the person did not name it.

    A project that was moved or copied has the port of the one that it comes from.
    """
    given = given_ports(environment).values()
    own = [one for one in given if one["root"] == str(root)] or [one for one in given if one.get("port") == port]
    return any(one.get("port") == port and not one.get(NAMED) for one in own)
