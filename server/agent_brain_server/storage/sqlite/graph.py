"""The code graph, written inside the transaction that replaces or removes files. See `view` for reading."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from zlib import crc32

from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.storage.graph_rows import reference_rows, symbol_rows
from agent_brain_server.storage.rows import Row
from agent_brain_server.storage.sqlite.session import Session

FILES_AT_ONCE = 500
_NAME = itemgetter(3)


def insert_graph(session: Session, files: Iterable[tuple[int, IndexedFile]]) -> None:
    """Add the graphs of these files, by their ids; they have none."""
    symbols: list[Row] = []
    references: list[Row] = []
    names: list[Row] = []
    for file_id, indexed in files:
        # In the order of the keys: rows are appended, which is faster and leaves pages full.
        defined = sorted(symbol_rows(file_id, indexed), key=_NAME)
        referred = sorted(reference_rows(file_id, indexed, encode_lines), key=_NAME)
        symbols += defined
        references += referred
        if defined or referred:
            names.append((file_id, _hashes(map(_NAME, defined)), _hashes(map(_NAME, referred))))
    session.run_many("insert_symbol", symbols)
    session.run_many("insert_reference", references)
    session.run_many("insert_name", names)


def encode_lines(lines: list[int]) -> str:
    """Return the line numbers as they are stored, JSON without spaces."""
    return f"[{lines[0]}]" if len(lines) == 1 else str(lines).replace(" ", "")


def _hashes(names: Iterable[str]) -> str:
    return " ".join({hash_name(name) for name in names})


@lru_cache(maxsize=65_536)
def hash_name(name: str) -> str:
    """Return one term for any tokenizer and any name; different names may have the same."""
    return f"{crc32(name.encode()):08x}"


def remove_graph(session: Session, paths: str) -> None:
    """Remove the graphs of these files; `paths` is JSON."""
    session.run_many("delete_name", _names_of(session, paths))
    session.run("delete_symbols", paths=paths)
    session.run("delete_references", paths=paths)


def index_names(session: Session) -> None:
    """Fill `graph_names`, which is empty, from the tables of the graph."""
    paths = [path for path, *_ in session.run("list_files")]
    for start in range(0, len(paths), FILES_AT_ONCE):
        session.run_many("insert_name", _names_of(session, json.dumps(paths[start : start + FILES_AT_ONCE])))


def _names_of(session: Session, paths: str) -> list[Row]:
    """Return the rows of `graph_names` for these files, as they were inserted."""
    defined, referred = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
    for file_id, key in session.run("select_keys_of", paths=paths):
        defined[file_id].append(key)
    for file_id, name in session.run("select_names_of", paths=paths):
        referred[file_id].append(name)
    files = sorted(defined.keys() | referred.keys())
    return [(file_id, _hashes(defined[file_id]), _hashes(referred[file_id])) for file_id in files]


def clear_graph(session: Session) -> None:
    """Remove all graphs."""
    for name in ("clear_names", "clear_symbols", "clear_references"):
        session.run(name)
