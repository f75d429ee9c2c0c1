"""Which of a project's files settings can be read from without waiting or taking long: the readers look at nothing."""

from __future__ import annotations

import re
from pathlib import Path

from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.errors import SettingsError

LONGEST_BLANK = 200  # characters; python-dotenv tries each blank of a run with all that follow
MOST_REFERENCES = 100  # it also looks for the end of each `${` in all that follows
_BLANK = re.compile(r"[^\S\r\n]++")


def require_readable(file: Path) -> None:
    """Raise SettingsError for a file of ours that is there, but that no settings can be read from."""
    if problem := _problem(file):
        raise SettingsError(f"{file} {problem}. Correct it, or move it away and run: agent-brain setup")


def readable(file: Path) -> Path | None:
    """A file of the project's own, None if it is not read: some programs put a pipe there, which waits for a person."""
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
    return f"has {longest} blanks in a row in one line" if longest > LONGEST_BLANK else ""
