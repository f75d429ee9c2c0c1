"""The person's own ignore file, which git reads in every repository: `core.excludesFile`, else `git/ignore`.

Only the person's own configuration names it, not a repository's; files that it includes are not read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from agent_brain_contract.regular_files import read_regular_file

_SECTION = re.compile(r"\s*\[\s*([\w.-]+)\s*(\".*\")?\s*\]")
_EXCLUDES = re.compile(r"\s*excludesfile\s*=\s*(.*?)\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"\s[#;].*$")


def personal_ignore_file() -> str:
    """Return the path of the person's ignore file, whether it exists or not."""
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "git"
    named = ""
    for file in (settings / "config", Path("~/.gitconfig").expanduser()):
        named = _excludes_file(file) or named
    return str(Path(named).expanduser() if named else settings / "ignore")


def _excludes_file(file: Path) -> str:
    """Return what the configuration in `file` sets `core.excludesFile` to, empty for nothing."""
    try:
        lines = read_regular_file(file).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    section = named = ""
    for line in lines:
        start = 0
        if (head := _SECTION.match(line)) is not None:
            section, start = head[1].lower() + (head[2] or ""), head.end()
        if section == "core" and (match := _EXCLUDES.match(line, start)) is not None:
            value = match[1]
            named = value[1:].partition('"')[0] if value.startswith('"') else _COMMENT.sub("", value)
    return named
