"""Reads `NAME=value` files as the server reads them, without the weight of a library on every search."""

from __future__ import annotations

import re
from pathlib import Path

from agent_brain_contract.regular_files import read_regular_file

# Each takes time linear in the line, for any content of a repository's `.env`.
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)")
_COMMENT = re.compile(r"\s#")


def parse_env(text: str) -> dict[str, str]:
    """Return the non-empty values by name; a later line wins. Lines that are no assignment are passed over."""
    values: dict[str, str] = {}
    for line in text.lstrip("\ufeff").splitlines():
        match = _LINE.match(line)
        if match:
            values[match[1]] = _unquote(match[2].strip())
    return {name: value for name, value in values.items() if value}


def _unquote(raw: str) -> str:
    quoted = re.match(r"""(["'])(.*?)(?<!\\)\1\s*(?:#.*)?$""", raw)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[2]) if quoted[1] == '"' else quoted[2]
    comment = _COMMENT.search(raw)
    return raw[: comment.start()].rstrip() if comment else raw


def read_env(path: Path) -> dict[str, str]:
    """Return the values of the file at `path`; one that is missing, unreadable or not a regular file has none."""
    try:
        return parse_env(read_regular_file(path).decode("utf-8", "replace"))
    except OSError:
        return {}
