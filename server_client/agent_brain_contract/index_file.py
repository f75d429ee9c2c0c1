"""Whether a SQLite file is an index of ours, damaged or not, or something of another program's that must stay."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from agent_brain_contract.defaults import DEFAULT_STORAGE_URL
from agent_brain_contract.paths import STATE_DIRECTORY
from agent_brain_contract.regular_files import open_regular_file

APPLICATION_ID = 0x4142524E  # "ABRN"
FOREIGN = "is another program's file, not an Agent Brain index, and stays as it is"
ELSEWHERE = f"agent-brain setup --yes --storage-url {DEFAULT_STORAGE_URL}"
_MAGIC = b"SQLite format 3\0"
_CACHE_MAGIC = b"ABVECT"
_ID_OFFSET = 68  # of the application id in the header, by SQLite's file format


def is_index(path: Path) -> bool:
    """Return whether the file at `path` is one of ours, damaged or not; an empty one, or none, is too."""
    header = read_header(path)
    if not header or (header.startswith(_MAGIC) and header[_ID_OFFSET:] == APPLICATION_ID.to_bytes(4, "big")):
        return True
    return any(application == APPLICATION_ID and tables for application, tables in _looks(path))


def is_foreign(path: Path) -> bool:
    """Return whether the file at `path` holds something and nothing of it says that it is an index.

    A database without tables is not: it is what a server that was killed as it made its file leaves.
    """
    return not is_index(path) and not any(found == (0, 0) for found in _looks(path))


def foreign_file(root: Path, path: Path) -> str:
    """Return why the file at `path` must not be used for the index of the project at `root`, and what to do; empty
    where it may be. In the state directory, all files are ours to rename.
    """
    if os.path.realpath(path.parent) == os.path.realpath(root / STATE_DIRECTORY):
        return ""
    return refusal(path) if is_foreign(path) else ""


def may_be_vector_cache(path: Path) -> bool:
    """Return whether the file at `path` begins as the vector cache of an index does, saved or not, of any version."""
    header = read_header(path)[: len(_CACHE_MAGIC)]
    return header == _CACHE_MAGIC or not header.strip(b"\0")


def refusal(path: Path) -> str:
    """Return the sentence that says so."""
    return (
        f"{path} {FOREIGN}. To keep the index elsewhere: {ELSEWHERE}. If no program needs the file, run: {move(path)}"
    )


def move(path: Path) -> str:
    """Return the command that makes room."""
    return f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.moved')}"


def addresses(path: Path) -> list[str]:
    """Return URIs that read the database with its write-ahead log, where there is one, and without it: the log may be
    what is damaged.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    alone = [f"{address}&immutable=1"]
    return [address, *alone] if path.with_name(f"{path.name}-wal").exists() else alone


def read_header(path: Path) -> bytes:
    """Return the beginning of the file up to the application id; nothing where there is no file."""
    with suppress(FileNotFoundError), os.fdopen(open_regular_file(path), "rb") as file:
        return file.read(_ID_OFFSET + 4)
    return b""


def _looks(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the application id and the number of tables, as each of the ways to read the database finds them."""
    if not read_header(path).startswith(_MAGIC):
        return
    for address in addresses(path):
        with (
            suppress(sqlite3.Error, UnicodeDecodeError),
            closing(sqlite3.connect(address, timeout=2.0, uri=True)) as database,
        ):
            # In this order: a process that makes the tables at this moment sets the id in the same transaction.
            (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            yield database.execute("PRAGMA application_id").fetchone()[0], tables
