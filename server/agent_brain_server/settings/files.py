"""Which of a project's files settings can be read from without waiting or taking long: the readers look at nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic_settings.exceptions import SettingsError as SourceError
from yaml import YAMLError

from agent_brain_client.yaml_file import fault
from agent_brain_contract.paths import STATE_DIRECTORY
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.errors import SettingsError

LONGEST_BLANK = 200  # characters; python-dotenv tries each blank of a run with all that follow
MOST_REFERENCES = 100  # it also looks for the end of each `${` in all that follows
_BLANK = re.compile(r"[^\S\r\n]++")


@contextmanager
def reading(root: Path, name: str, file: Path) -> Iterator[None]:
    """Read the settings of `file`, which is `name` in the project at `root`, in here.

    Raise SettingsError, with the command that begins again, for a file that no settings can be read from.
    """
    if problem := _problem(file):
        raise _refusal(root, name, problem)
    try:
        yield
    except YAMLError as error:
        raise _refusal(root, name, f"cannot be read: {fault(error)}") from error
    except (SourceError, OSError, ValueError, TypeError, RecursionError) as error:
        raise _refusal(root, name, f"cannot be read: {_reason(error)}") from error


def _refusal(root: Path, name: str, problem: str) -> SettingsError:
    state = root / STATE_DIRECTORY  # out of version control, where a file may hold secrets
    away = state / f"{Path(name).name.removeprefix('.')}.broken"
    make = "" if state.is_dir() else f"mkdir -p -m 700 {shlex.quote(str(state))} && "
    command = f"{make}mv {shlex.quote(str(root / name))} {shlex.quote(str(away))} && agent-brain setup --yes"
    return SettingsError(f"{name} {problem}. Correct it, or start again with new settings: {command}")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it holds bytes that are not UTF-8 (at position {error.start + 1})"
    reason = getattr(error, "strerror", "") or str(error)
    return " ".join(reason.partition(" from source ")[0].split())


def readable(file: Path) -> Path | None:
    """Return the stored file of the project, None if it is not read: a pipe of some programs waits for a person."""
    return None if _problem(file) else file


def _problem(file: Path) -> str:
    if not file.exists():
        return ""
    try:
        text = read_regular_file(file).decode("utf-8", "replace")
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if not file.name.startswith(".env"):
        return ""
    if text.count("${") > MOST_REFERENCES:
        return f"has more than {MOST_REFERENCES} references to variables"
    longest = max(map(len, _BLANK.findall(text)), default=0)
    return f"has {longest} spaces in a row in one line" if longest > LONGEST_BLANK else ""
