"""Whether a full-text index of SQLite (FTS5) is whole: its words, their directory and its totals.

The tables beneath one are described in "Data Format" of SQLite's documentation of FTS5.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

_FIRST_SEGMENT = 1 << 37  # of the ids of `_data`: the number of the segment, a flag, a height, the number of the page
_SKIP_LIST = 1 << 36
_NAMES = {"chunk_terms": "full-text index", "graph_names": "index of symbol names"}
_STRUCTURE = 10  # the id in `_data` of the record of the segments


def full_text_faults(connection: sqlite3.Connection, name: str) -> Iterator[str]:
    """Yield what is wrong with the index `name`; raise sqlite3.Error where it cannot be read at all."""
    connection.execute(f"CREATE VIRTUAL TABLE temp.words_of_{name} USING fts5vocab ('main', '{name}', 'row')")
    # Counting the words reads every page of them.
    words, commonest, _ = connection.execute(
        f"SELECT count(*), term, max(doc) FROM words_of_{name}"  # noqa: S608  our own names
    ).fetchone()
    (pages,) = connection.execute(f"SELECT count(*) FROM {name}_data WHERE id >= {_FIRST_SEGMENT}").fetchone()  # noqa: S608
    # An index whose rows were all deleted has pages and no words: its segments hold the marks of the deletions.
    if pages and not words and not _names_segments(connection, name):
        yield f"its {_NAMES[name]} lists no words"
    lost = _pages_without_entry(connection, name)
    if lost:
        yield f"{lost} pages of its {_NAMES[name]} cannot be found"
    if words and name == "chunk_terms":
        ranked = f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY bm25({name}) LIMIT 1"  # noqa: S608
        connection.execute(ranked, (f'"{commonest}"',)).fetchone()


def _names_segments(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether the structure record counts any segment; it has a cookie of 4 bytes, the levels, the segments."""
    found = connection.execute(f"SELECT block FROM {name}_data WHERE id = {_STRUCTURE}").fetchone()  # noqa: S608
    return found is not None and any(found[0][5:6])


def _pages_without_entry(connection: sqlite3.Connection, name: str) -> int:
    """Return how many pages on which a word begins are not in the directory, which may have entries of old pages."""
    begun: Counter[int] = Counter()
    for page, end, length in connection.execute(
        f"SELECT id, substr(block, 3, 2), length(block) FROM {name}_data WHERE id >= {_FIRST_SEGMENT}"  # noqa: S608
    ):
        if not page & _SKIP_LIST and int.from_bytes(end, "big") < length:
            begun[page // _FIRST_SEGMENT] += 1
    named = dict(connection.execute(f"SELECT segid, count(*) FROM {name}_idx GROUP BY segid"))  # noqa: S608
    return sum(max(0, pages - named.get(segment, 0)) for segment, pages in begun.items())
