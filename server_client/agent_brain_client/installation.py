"""How this installation was made, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from agent_brain_contract.packages import STAMP

DISTRIBUTION = "agent-brain"
REINSTALL = "install agent-brain again, from the checkout or the wheel that you used"
_BY_SETUP = "/agent-brain:setup"


def damage(error: ImportError) -> str:
    """Return the sentence for a package that cannot be imported."""
    command = repair_command()
    return f"the installation is damaged ({error}). " + (f"Run: {command}" if command else f"{REINSTALL.capitalize()}.")


def repair_command() -> str:
    """Return the command that installs the packages again; empty where it is not known where they came from."""
    prefix = Path(sys.prefix)
    if (prefix / STAMP).exists():
        return _BY_SETUP
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool upgrade --reinstall {DISTRIBUTION}"
    source = _source()
    if not source:
        return ""
    if prefix.resolve() == (source / ".venv").resolve() and (source / "Makefile").exists():
        return f"make -C {shlex.quote(str(source))} install"
    named = shlex.quote(str(source))
    if find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(sys.executable)} --reinstall {named}"
    return f"{shlex.quote(sys.executable)} -m pip install --force-reinstall {named}"


def _source() -> Path | None:
    """Return the folder or wheel that the command was installed from, if it is still there."""
    try:
        noted = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
        address = urlsplit(noted.get("url", ""))
    except (PackageNotFoundError, ValueError, AttributeError):
        return None
    path = Path(url2pathname(address.path)) if address.scheme == "file" else None
    return path if path is not None and path.exists() else None
