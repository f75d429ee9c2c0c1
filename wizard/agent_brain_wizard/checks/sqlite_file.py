"""Whether a SQLite file is a whole index: read alone, and with a bound on the time."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from agent_brain_contract.defaults import SIDE_FILES
from agent_brain_contract.index_file import APPLICATION_ID
from agent_brain_wizard.checks.full_text import full_text_faults

NEWEST_SCHEMA = 2
LONGEST_SECONDS = 20.0
_STEPS = 20_000  # of SQLite's machine, between two looks at the clock
_HEADER = b"SQLite format 3\0"
TABLES = (
    "meta", "files", "chunks", "vectors", "folders", "jobs", "symbols", "symbol_references",
    "chunk_terms", "graph_names",
    *(f"chunk_terms_{part}" for part in ("config", "data", "docsize", "idx")),
    *(f"graph_names_{part}" for part in ("config", "data", "idx")),
)  # fmt: skip
"""Which every index of this version has; one of version 1 gets those of the graph by the next start."""
INDEXES = (
    "files_by_folder", "chunks_by_file", "chunks_by_language", "chunks_by_name", "chunks_by_text", "jobs_by_state",
)  # fmt: skip
WORDS = "term_frequencies"
_GRAPH = {"symbols", "symbol_references", "graph_names", *(name for name in TABLES if name.startswith("graph_names_"))}
_TEXTS = frozenset({"meta", "files", "chunks", "folders", "jobs", "symbols", "symbol_references"})
# A question, and what is wrong where its answer is not 0.
_COMPARED = (
    (
        "SELECT count(*) FROM (SELECT row FROM chunks EXCEPT SELECT id FROM chunk_terms_docsize)",
        "{} of its chunks are not in its full-text index",
    ),
    (
        "SELECT count(*) FROM (SELECT id FROM chunk_terms_docsize EXCEPT SELECT row FROM chunks)",
        "its full-text index has {} chunks that do not exist",
    ),
    ("SELECT count(*) FROM chunks WHERE file_id NOT IN (SELECT id FROM files)", "{} of its chunks have no file"),
    (
        """SELECT count(*) FROM files LEFT JOIN (SELECT file_id, count(*) AS held FROM chunks GROUP BY file_id)
        ON file_id = files.id WHERE chunk_count <> coalesce(held, 0)""",
        "{} of its files have other chunks than were made of them",
    ),
    (
        "SELECT count(*) FROM files WHERE folder NOT IN (SELECT path FROM folders)",
        "{} of its files are in no folder of the index",
    ),
    ("SELECT count(*) FROM chunks WHERE start_line < 1 OR end_line < start_line", "{} of its chunks have no lines"),
    ("SELECT count(*) <> 1 FROM meta", "it does not say which model made it"),
    (
        """SELECT count(*) FROM chunks WHERE (SELECT embedding_dimensions FROM meta) > 0
        AND EXISTS (SELECT 1 FROM vectors) AND text_hash NOT IN (SELECT text_hash FROM vectors)""",
        "{} of its chunks have no vector",
    ),
    (
        "SELECT coalesce(sum(length(vector) <> 4 * (SELECT embedding_dimensions FROM meta)), 0) FROM vectors",
        "{} of its vectors have another length than the others",
    ),
)


# Which files the index of symbol names lists, and which have symbols or references.
_NAMED = "SELECT doc FROM temp.places_of_graph_names"
_WITH_NAMES = "SELECT file_id FROM symbols UNION SELECT file_id FROM symbol_references"


def odd_kind(path: Path) -> Path | None:
    """Return the first of the index's files in whose place is a link, a directory or a pipe."""
    names = (path.name, *(path.name + ending for ending in SIDE_FILES), f"{path.stem}.vectors")
    for name in names:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.with_name(name).lstat().st_mode):
                return path.with_name(name)
    return None


def is_database(path: Path) -> bool:
    """Return whether the file is empty, as a new database is, or begins as one."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) in (b"", _HEADER)


def faults(path: Path) -> Sequence[str]:
    """Return what is wrong with the index, worst first; nothing where it is whole, or is not an index yet."""
    try:
        with closing(_connect(path)) as connection:
            return list(_faults(connection))
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return []
        return [f"SQLite cannot read it ({error})"]
    except UnicodeDecodeError:  # SQLite's own message quotes the schema
        return ["its schema is not UTF-8"]


def embedded_by(path: Path) -> str:
    """Return the name of the model that embedded the index; empty where it holds nothing, or cannot be read."""
    try:
        with closing(_connect(path)) as connection:
            name, chunks = connection.execute(
                "SELECT embedding_name, EXISTS (SELECT 1 FROM chunks) FROM meta"
            ).fetchone()
    except (sqlite3.Error, TypeError, UnicodeDecodeError):
        return ""
    return str(name) if chunks else ""


def _connect(path: Path) -> sqlite3.Connection:
    # Where there is no log, no process has it open: then not even the files that SQLite would add are made.
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro{alone}", uri=True, timeout=2.0)
    deadline = time.monotonic() + LONGEST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    return connection


def _faults(connection: sqlite3.Connection) -> Iterator[str]:
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_schema"))
    if not kinds:
        return
    missing = set(TABLES) - kinds.keys()
    refusal = _refusal(connection, kinds, missing)
    if refusal:
        yield refusal
        return
    for (said,) in connection.execute("PRAGMA quick_check(3)"):
        if said != "ok":
            yield ", ".join(line for line in str(said).splitlines() if not line.startswith("***"))
    for question, fault in _COMPARED:
        (count,) = connection.execute(question).fetchone()
        if count:
            yield fault.format(count)
    yield from _text_faults(connection, _TEXTS - missing)
    for name in ("chunk_terms", *(() if missing else ("graph_names",))):
        yield from full_text_faults(connection, name)
    if not missing:
        yield from _graph_faults(connection)


def _text_faults(connection: sqlite3.Connection, tables: Iterable[str]) -> Iterator[str]:
    """Yield whether the texts of each table can be read: SQLite itself does not look at their bytes."""
    for table in sorted(tables):
        try:
            for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608  our own names
                pass
        except sqlite3.OperationalError as error:
            if not str(error).startswith("Could not decode"):
                raise
            yield f"its table {table} has text that is not UTF-8"


def _graph_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield whether the index of symbol names and the symbols are of the same files."""
    connection.execute(
        "CREATE VIRTUAL TABLE temp.places_of_graph_names USING fts5vocab ('main', 'graph_names', 'instance')"
    )
    for one, other, fault in (
        (_WITH_NAMES, _NAMED, "{} of its files with symbols are not in its index of symbol names"),
        (_NAMED, _WITH_NAMES, "its index of symbol names has {} files whose symbols are gone"),
    ):
        compared = f"SELECT count(*) FROM (SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other}))"  # noqa: S608  our own
        (count,) = connection.execute(compared).fetchone()
        if count:
            yield fault.format(count)


def _refusal(connection: sqlite3.Connection, kinds: Mapping[str, str], missing: set[str]) -> str:
    """Return why a server would not even look into it, by its tables alone; nothing where it would."""
    if not {"table", "index"}.issuperset(kinds.values()):
        return "it has triggers or views, which an Agent Brain index never has"
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
        return "it is a database of another program"
    if missing and not (missing == _GRAPH and _schema_version(connection) == 1):
        return f"some of its tables are missing: {', '.join(sorted(missing))}"
    if fault := _schema_fault(kinds):
        return fault
    return "it was written by a newer Agent Brain" if _schema_version(connection) > NEWEST_SCHEMA else ""


def _schema_fault(kinds: Mapping[str, str]) -> str:
    """Return what is in the schema that no Agent Brain makes, or is not there though each makes it."""
    foreign = {name for name in kinds if not name.startswith("sqlite_")} - {*TABLES, *INDEXES, WORDS}
    if foreign:  # their names may be anybody's words
        return f"it has {len(foreign)} tables or indexes that Agent Brain does not make"
    gone = {*INDEXES, WORDS} - kinds.keys()
    return f"some of its indexes are missing: {', '.join(sorted(gone))}" if gone else ""


def _schema_version(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT schema_version FROM meta").fetchone()
    return int(found[0]) if found else 0
