"""What a command asks before it uses a server that runs, and what it notes of the person's consent."""

from __future__ import annotations

import subprocess
from pathlib import Path

from agent_brain_client.errors import ConsentNeededError
from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_contract import consent
from agent_brain_contract.errors import ContractError, cause

CHECK_SECONDS = 30.0


def require_accepted(root: Path, record: consent.Record) -> None:
    """Raise ConsentNeededError where the files of the project have changed and set what the person has not accepted.

    Only the server's own code knows what they set, so it is asked in a process, once for each state of the files.
    """
    if record.checked == consent.files_digest(root):
        return
    command = server_command("settings", "--check", "--project", str(root))
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CHECK_SECONDS, cwd=DIRECTORY, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConsentNeededError(
            f"the settings of {root} cannot be checked: {cause(error)}. Run: agent-brain doctor"
        ) from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        sentence = lines[-1].removeprefix("agent-brain: ") if lines else f"the settings of {root} cannot be checked."
        raise ConsentNeededError(sentence)


def accept_folder(root: Path, folder: str) -> None:
    """Note that the person wants the absolute `folder` indexed; one inside the project needs no consent."""
    path = Path(folder)
    if not path.is_absolute() or path.resolve().is_relative_to(root.resolve()):
        return
    try:
        record = consent.require_record(root)
        consent.save_record(root, record.accepting([(consent.FOLDER, path.resolve().as_posix())]))
    except ContractError as error:
        raise ConsentNeededError(str(error)) from error
