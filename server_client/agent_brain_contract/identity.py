"""The id of a project: random, written once into its state, and the same wherever the project is moved to."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from agent_brain_contract.files import write_private
from agent_brain_contract.paths import IDENTITY
from agent_brain_contract.regular_files import read_regular_file

FORM = re.compile(r"[A-Za-z0-9_-]{8,64}")


def new_id() -> str:
    """Return an id that no other project has."""
    return os.urandom(16).hex()


def read_id(root: Path) -> str:
    """Return the id that the state of the project at `root` claims; empty where there is none."""
    try:
        claimed = json.loads(read_regular_file(root / IDENTITY, 4096))["project_id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return claimed if isinstance(claimed, str) and FORM.fullmatch(claimed) else ""


def identity_file(project_id: str) -> bytes:
    """Return the content of the file that keeps the id."""
    return (json.dumps({"project_id": project_id}) + "\n").encode()


def write_id(root: Path, project_id: str) -> None:
    """Write the id into the state of the project at `root`."""
    write_private(root / IDENTITY, identity_file(project_id))
