"""Prepares the database of setup's container for the project's server, which logs in as a role that owns nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from agent_brain_client.errors import ClientError
from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_contract.container import SUPERUSER_VARIABLE
from agent_brain_contract.envfile import read_env
from agent_brain_contract.paths import COMPOSE, ENV_FILE


class ProvisioningError(ClientError):
    """The database cannot be prepared."""


def has_superuser(root: Path) -> bool:
    """Return whether setup made a container for the project at `root`, and a superuser's password that is its own."""
    return (root / COMPOSE).is_file() and SUPERUSER_VARIABLE in read_env(root / ENV_FILE)


def provision(root: Path) -> None:
    """Make the tables, or lead them to this version, and give the server's role its rights and its password.

    It is done as the superuser, by a process of its own that reads the passwords from the project's file. Nothing is
    done for a server that logs in as somebody else. Raise ProvisioningError.
    """
    if not has_superuser(root):
        return
    done = subprocess.run(
        server_command("storage", "provision", "--project", str(root)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=DIRECTORY,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["the database cannot be prepared."]
        raise ProvisioningError(lines[-1].removeprefix("agent-brain: "))
