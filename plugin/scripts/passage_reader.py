"""Reads a passage with the lines around it, of files that the index holds and of nothing else.

The server reads them: it knows which files those are, how they are decoded, and masks the secrets in them. A file that
is ignored, secret or outside of the project is not in the index.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import connection
from agent_brain_contract.paths import ENV_FILE
from answers import lines_text, passage_text, place
from escaping import path as shown
from escaping import read_path
from project import STATE_DIRECTORY, PluginError

_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)?", re.DOTALL | re.ASCII)
_CHUNK_ID = re.compile(r"[0-9a-f]{24}")


def read_passage(root: Path, passage: str, context: int, max_tokens: int) -> str:
    """Return a passage (a chunk id, `path`, `path:line` or `path:start-end`) with `context` lines before and after."""
    if _CHUNK_ID.fullmatch(passage) and not os.path.exists(root / passage):  # noqa: PTH110  False for any name
        return _read_chunk(root, passage, context, max_tokens)
    match = _PLACE.fullmatch(passage)
    if match is None:
        raise PluginError("`passage` must be path:start-end or a chunk id.")
    relative = _inside(root, read_path(match["path"]))
    lines = _lines_of(root, relative)
    first = int(match["first"] or 1)
    last = int(match["last"] or match["first"] or len(lines))
    return _with_context(relative, lines, first, last, context, max_tokens)


def _read_chunk(root: Path, chunk_id: str, context: int, max_tokens: int) -> str:
    """Return a chunk by its id: from the file while it is as it was indexed, else as it was indexed."""
    chunk: dict[str, Any] = connection.ask(root, "GET", f"/query/chunk/{chunk_id}")
    if not chunk["stale"]:
        try:
            relative = _inside(root, chunk["path"])
            lines = _lines_of(root, relative)
            return _with_context(relative, lines, chunk["start_line"], chunk["end_line"], context, max_tokens)
        except PluginError:
            pass
    return passage_text(chunk, _lines(chunk["text"]), max_tokens)


def _with_context(path: str, lines: list[str], first: int, last: int, context: int, max_tokens: int) -> str:
    if not 1 <= first <= last:
        raise PluginError(f"{place(path, first, last)} is not a range of lines: they count from 1, start before end.")
    if first > len(lines):
        raise PluginError(f"{shown(path)} has {len(lines)} lines, none at {first}. Search again: the file has changed.")
    return lines_text(path, lines, max(1, first - context), min(len(lines), last + context), max_tokens)


def _inside(root: Path, path: str) -> str:
    """Return the file's path in the project, links followed. Refuses what leads out of it or is our own."""
    try:
        file = (root / path).resolve()
        relative = file.relative_to(root.resolve()).as_posix()
    except (OSError, ValueError, RuntimeError) as error:
        raise PluginError(f"{shown(path)} is not in the project.") from error
    if relative.startswith(f"{STATE_DIRECTORY}/") or file.name == ENV_FILE:
        raise PluginError(f"{shown(path)} cannot be read.")
    if not os.path.isfile(file):  # noqa: PTH113  False for a name that is too long, too
        raise PluginError(f"there is no file {shown(relative)} in the project.")
    return relative


def _lines_of(root: Path, relative: str) -> list[str]:
    """Return all lines of an indexed text file as they are now, secrets masked."""
    lines: list[str] = connection.ask(root, "GET", f"/query/lines?{urlencode({'path': relative})}")["lines"]
    return lines


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines
