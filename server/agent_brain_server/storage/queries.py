"""SQL from files: each statement is below its name, written `-- verb_noun --`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import LiteralString, cast

_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def load_queries(package: str) -> Mapping[str, LiteralString]:
    """Return all statements of the package's `.sql` files by name, in the order of the file names and the text.

    The files are part of the program, hence literal strings: no value is ever formatted into them.
    """
    queries: dict[str, LiteralString] = {}
    for entry in sorted(files(package).iterdir(), key=lambda found: found.name):
        if entry.name.endswith(".sql"):
            _add_blocks(queries, entry.name, entry.read_text(encoding="utf-8"))
    return queries


def _add_blocks(queries: dict[str, LiteralString], source: str, text: str) -> None:
    _, *parts = _NAME.split(text)
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in queries:
            raise ValueError(f"{source}: the statement {name} is defined twice")
        queries[name] = cast(LiteralString, body.strip())
