"""Notebooks by cells, without their outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from agent_brain_server.indexing.chunking.passage import Passage, blocks
from agent_brain_server.indexing.chunking.source import Source

LARGEST_NOTEBOOK = 20_000_000
_SOURCE = re.compile(r'\s*"source"\s*:')
_HEADING = re.compile(r"#{1,6}\s+(.+)")


def notebook_passages(source: Source) -> tuple[list[Passage], str]:
    """Return a passage a cell, in the kernel's language or as Markdown, by the lines of the cell's JSON; and a note."""
    if len(source.text) > LARGEST_NOTEBOOK:
        return list(blocks(source, 0, source.last)), "too large for a notebook"
    try:
        notebook = json.loads(source.text)
        cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return list(blocks(source, 0, source.last)), "not a readable notebook" if source.text.strip() else ""
    return list(_cells(source, cells, _kernel_language(notebook))), ""


def _kernel_language(notebook: dict[str, object]) -> str:
    metadata = notebook.get("metadata")
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        found = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(found, dict) and isinstance(language := found.get(name), str) and language:
            return {"ir": "r", "c++": "cpp", "c#": "csharp"}.get(language.lower(), language.lower())
    return "python"


def _cells(source: Source, cells: list[dict[str, object]], language: str) -> Iterator[Passage]:
    rows = [row for row, line in enumerate(source.lines) if _SOURCE.match(line)]
    known = len(rows) == len(cells)
    heading = ""
    for number, cell in enumerate(cells):
        text = cell.get("source", "")
        text = "".join(map(str, text)) if isinstance(text, list) else str(text)
        is_code = cell.get("cell_type") == "code"
        if not is_code and (match := _HEADING.match(text.strip())):
            heading = match.group(1).strip()[:60]
        first = rows[number] if known else 0
        last = min(first + text.count("\n") + 1, source.last) if known else source.last
        yield Passage(first, last, "cell", heading, text=text, language=language if is_code else "markdown")
