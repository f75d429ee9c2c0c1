"""The tables that every backend has, and the one form of their rows that all agree on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from agent_brain_server.domain.content import Chunk, Terms
from agent_brain_server.domain.terms import chunk_terms
from agent_brain_server.storage.texts import clean

Kind = Literal["text", "integer", "real", "boolean", "json", "vector"]
Value = str | int | float | bytes | None
Row = tuple[Value, ...]
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as every backend has it: its columns in order, and those whose order pages follow."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Kind]

    def key_of(self, row: Row) -> Key:
        """Return the row's key."""
        return cast(Key, tuple(self.column(row, name) for name in self.key))

    def after(self, key: Key | None) -> dict[str, str | int | None]:
        """Return what the statement `page_` of this table binds for the rows after `key`; None: for the first ones."""
        return {f"after_{name}": key[at] if key else None for at, name in enumerate(self.key)}

    def column(self, row: Row, name: str) -> Value:
        """Return the row's value in one column."""
        return row[list(self.columns).index(name)]


_TEXT: Kind = "text"
VECTORS = Table("vectors", ("text_hash",), {"text_hash": "text", "vector": "vector"})
FILES = Table(
    "files",
    ("id",),
    {
        "id": "integer",
        **dict.fromkeys(("path", "folder", "content_hash"), _TEXT),
        "size": "integer",
        "mtime_ns": "integer",
        "language": "text",
        "chunk_count": "integer",
        "note": "text",
        "indexed_at": "real",
    },
)
CHUNKS = Table(
    "chunks",
    ("row",),
    {
        "row": "integer",
        "chunk_id": "text",
        "file_id": "integer",
        "start_line": "integer",
        "end_line": "integer",
        **dict.fromkeys(("language", "kind", "symbol", "name", "text_hash", "signature", "documentation"), _TEXT),
        "text": "text",
    },
)
SYMBOLS = Table(
    "symbols",
    ("file_id", "ordinal"),
    {
        "file_id": "integer",
        "ordinal": "integer",
        **dict.fromkeys(("symbol", "key", "kind"), _TEXT),
        "start_line": "integer",
        "end_line": "integer",
        "signature": "text",
    },
)
REFERENCES = Table(
    "symbol_references",
    ("file_id", "ordinal"),
    {
        "file_id": "integer",
        "ordinal": "integer",
        **dict.fromkeys(("kind", "name", "qualifier", "alias", "scope"), _TEXT),
        "lines": "json",
    },
)
FOLDERS = Table("folders", ("path",), {"path": "text", "include": "json", "exclude": "json"})
JOBS = Table(
    "jobs",
    ("id",),
    {
        "id": "integer",
        "state": "text",
        "paths": "json",
        "force": "boolean",
        "created_at": "real",
        "started_at": "real",
        "finished_at": "real",
        "attempt": "integer",
        "error": "text",
        "progress": "json",
    },
)
# In this order: a chunk refers to its file and its vector, so that what is there is whole.
PAGED = (VECTORS, FILES, CHUNKS, SYMBOLS, REFERENCES)
# Small, and open to changes at any time: written in the last transaction.
LAST = (FOLDERS, JOBS)
TABLES = (*PAGED, *LAST)


def parse_key(text: str) -> Key | None:
    """Parse a key that was written as JSON; an older version wrote keys of one column without a list."""
    found = json.loads(text)
    return None if found is None else tuple(found) if isinstance(found, list) else (found,)


def canonical(table: Table, raw: Sequence[Any]) -> Row:
    """Return the row in the one form that all backends return."""
    return tuple([_canonical(kind, value) for kind, value in zip(table.columns.values(), raw, strict=True)])


def _canonical(kind: Kind, value: Any) -> Value:
    if value is None:
        return None
    if kind == "text":
        return cast(str, clean(value))
    if kind == "json":
        decoded = json.loads(value) if isinstance(value, str) else value
        return json.dumps(clean(decoded), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if kind == "boolean":
        return bool(value)
    return cast(Value, value)


def terms_of(row: Row, path: str) -> Terms:
    """Return the full-text terms of a row of CHUNKS in the file `path`, as they were when it was indexed."""
    fields: dict[str, Any] = dict(zip(CHUNKS.columns, row, strict=True))
    names = ("start_line", "end_line", "language", "kind", "symbol", "signature", "documentation", "text")
    return chunk_terms(Chunk(fields["chunk_id"], path, **{name: fields[name] for name in names}))
