"""Reads a passage with the lines around it, of files that the index holds and of nothing else.

What may be read is decided by the index: a file that is ignored, secret or outside of the project is not in it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import connection
from answers import lines_text, passage_text, place
from escaping import path as shown
from escaping import read_path
from project import ENV_FILE, STATE_DIRECTORY, PluginError

MOST_BYTES = 10_000_000
_QUESTION_LENGTH = 4000
_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)?", re.DOTALL | re.ASCII)
_CHUNK_ID = re.compile(r"[0-9a-f]{24}")


def read_passage(root: Path, passage: str, context: int, max_tokens: int) -> str:
    """The passage (a chunk id, `path`, `path:line` or `path:start-end`) with `context` lines before and after it."""
    if _CHUNK_ID.fullmatch(passage) and not (root / passage).exists():
        return _read_chunk(root, passage, context, max_tokens)
    match = _PLACE.fullmatch(passage)
    if match is None:
        raise PluginError("`passage` must be path:start-end or a chunk id.")
    file, relative = _inside(root, read_path(match["path"]))
    text = _text(file, relative)
    _require_indexed(root, relative, text)
    lines = _lines(text)
    first = int(match["first"] or 1)
    last = int(match["last"] or match["first"] or len(lines))
    return _around(relative, lines, first, last, context, max_tokens)


def _read_chunk(root: Path, chunk_id: str, context: int, max_tokens: int) -> str:
    """By id: from the file while it is as it was indexed, else as it was indexed."""
    chunk: dict[str, Any] = connection.ask(root, "GET", f"/query/chunk/{chunk_id}")
    if not chunk["stale"]:
        try:
            file, relative = _inside(root, chunk["path"])
            lines = _lines(_text(file, relative))
            return _around(relative, lines, chunk["start_line"], chunk["end_line"], context, max_tokens)
        except PluginError:
            pass
    return passage_text(chunk, _lines(chunk["text"]), max_tokens)


def _around(path: str, lines: list[str], first: int, last: int, context: int, max_tokens: int) -> str:
    if not 1 <= first <= last:
        raise PluginError(f"{place(path, first, last)} is not a range of lines: they count from 1, start before end.")
    if first > len(lines):
        raise PluginError(f"{shown(path)} has {len(lines)} lines, none at {first}. Search again: the file has changed.")
    return lines_text(path, lines, max(1, first - context), min(len(lines), last + context), max_tokens)


def _inside(root: Path, path: str) -> tuple[Path, str]:
    """The file itself, links followed, and its path in the project. Refuses what leads out of it or is our own."""
    try:
        file = (root / path).resolve()
        relative = file.relative_to(root.resolve()).as_posix()
    except (OSError, ValueError, RuntimeError) as error:
        raise PluginError(f"{shown(path)} is not inside of the project.") from error
    if relative.startswith(f"{STATE_DIRECTORY}/") or file.name == ENV_FILE:
        raise PluginError(f"{shown(path)} is not readable here.")
    return file, relative


def _text(file: Path, relative: str) -> str:
    try:
        if not file.is_file():
            raise PluginError(f"there is no file {shown(relative)} in the project.")
        if file.stat().st_size > MOST_BYTES:
            raise PluginError(f"{shown(relative)} is too large to read here.")
        return file.read_bytes().decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        raise PluginError(f"{shown(relative)} cannot be read: {error}.") from error


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _require_indexed(root: Path, relative: str, text: str) -> None:
    """Ask the index with the file's own words for a passage of exactly this file."""
    glob = "/" + re.sub(r"([\\*?\[\] !#])", r"\\\1", relative)
    words = f"{relative}\n{text}"[:_QUESTION_LENGTH].encode("utf-8", "replace").decode("utf-8")
    body = {"query": words, "mode": "bm25", "top_k": 1, "filters": {"paths": [glob]}}
    results = connection.ask(root, "POST", "/query", body)["results"]
    if not any(found["path"] == relative for found in results):
        raise PluginError(
            f"{shown(relative)} is not in the index: it is ignored, may hold secrets, or is not indexed yet."
        )
