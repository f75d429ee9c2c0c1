"""Writing the index: what `IndexStore` promises, inside of a transaction that began with `begin_change`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from agent_brain_server.domain.content import FileRecord, FloatArray, IndexedFile, PreparedChunk
from agent_brain_server.storage.checks import check_vectors, require_vectors
from agent_brain_server.storage.differences import StoredChunk, find_difference
from agent_brain_server.storage.postgres.graph import insert_graph, remove_graph
from agent_brain_server.storage.postgres.lexemes import Lexemes, count_terms, tsvector
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.rows import chunk_row, texts_without_vector

_RECORD = attrgetter(
    "path", "folder", "content_hash", "size", "mtime_ns", "language", "chunk_count", "note", "indexed_at"
)


def upsert_chunks(
    session: Session,
    files: Sequence[IndexedFile],
    vectors: Mapping[str, FloatArray],
    dimensions: int,
    next_row: int,
    next_file: int,
    *,
    rewrite: bool,
) -> int:
    """Write the files; number new rows and files from `next_row` and `next_file` on."""
    check_vectors(vectors, dimensions)
    newest = {indexed.record.path: indexed for indexed in files}
    ids = _find_files(session, newest.keys())
    stored = _stored(session, list(ids.values()))
    difference = find_difference({} if rewrite else stored, newest.values())
    gone = [chunk.row for chunk in stored.values()] if rewrite else difference.removed
    removed_terms = _remove_chunks(session, gone)
    remove_graph(session, list(ids.values()))
    _move(session, difference.moved)
    embedded = _insert_vectors(session, vectors)
    if dimensions:
        needed = texts_without_vector(newest, vectors)
        require_vectors(needed, missing_vectors(session, needed.keys()))
    new = [path for path in newest if path not in ids]
    ids |= {path: file_id for file_id, path in enumerate(new, next_file)}
    _upsert_files(session, [indexed.record for indexed in newest.values()], ids)
    placed = [(ids[path], indexed) for path, indexed in newest.items()]
    rows, terms = _insert_chunks(session, placed, difference.added, next_row)
    insert_graph(session, placed)
    session.run(
        "advance_state",
        rows=rows,
        files=len(new),
        embedded=embedded,
        chunks=rows - len(gone),
        terms=terms - removed_terms,
        vectors=embedded,
    )
    return difference.written


def _stored(session: Session, files: Sequence[int]) -> dict[str, StoredChunk]:
    """Return the chunks of these files by id."""
    found = session.rows("select_stored_of", files=files) if files else []
    return {chunk_id: StoredChunk(*fields) for chunk_id, *fields in found}


def _move(session: Session, moved: Sequence[tuple[int, int, int]]) -> None:
    if moved:
        rows, starts, ends = (list(column) for column in zip(*moved, strict=True))
        session.run("move_chunks", rows=rows, starts=starts, ends=ends)


def _find_files(session: Session, paths: Collection[str]) -> dict[str, int]:
    return {path: int(file_id) for path, file_id in session.rows("find_file_ids", paths=list(paths))}


def _insert_vectors(session: Session, vectors: Mapping[str, FloatArray]) -> int:
    if not vectors:
        return 0
    session.run("stage_vectors")
    session.copy("staged_vectors", vectors.items())
    return session.run("insert_vectors").rowcount


def _upsert_files(session: Session, records: Sequence[FileRecord], ids: Mapping[str, int]) -> None:
    session.run("stage_files")
    session.copy("staged_files", [_RECORD(record) for record in records])
    session.run("upsert_files", paths=list(ids.keys()), ids=list(ids.values()))


def _insert_chunks(
    session: Session,
    files: Sequence[tuple[int, IndexedFile]],
    added: Mapping[str, Sequence[PreparedChunk]],
    first_row: int,
) -> tuple[int, int]:
    """Return how many chunks there were, and how many terms they had together."""
    placed = [(file_id, chunk) for file_id, indexed in files for chunk in added[indexed.record.path]]
    if not placed:
        return 0, 0
    staged = _stage_chunks(placed, first_row, Lexemes(session.project_id))
    session.run("stage_chunks")
    session.copy("staged_chunks", staged.rows)
    session.run("insert_chunks")
    session.run("insert_terms")
    lexemes = sorted(staged.frequencies)
    session.run("add_frequencies", lexemes=lexemes, counts=[staged.frequencies[lexeme] for lexeme in lexemes])
    return len(placed), staged.terms


@dataclass(frozen=True, slots=True)
class _Staged:
    """Rows of `staged_chunks`, in how many of them each lexeme occurs, and how many terms they have together."""

    rows: Sequence[tuple[object, ...]]
    frequencies: Counter[str]
    terms: int


def _stage_chunks(placed: Sequence[tuple[int, PreparedChunk]], first_row: int, lexemes: Lexemes) -> _Staged:
    rows, frequencies, terms = [], Counter[str](), 0
    for row, (file_id, prepared) in enumerate(placed, first_row):
        counts = count_terms(prepared.terms)
        frequencies.update(map(lexemes.of, counts))
        terms += counts.total
        rows.append((*chunk_row(row, file_id, prepared), counts.total, tsvector(counts, lexemes)))
    return _Staged(rows, frequencies, terms)


def _remove_content(session: Session, files: Sequence[int]) -> tuple[int, int]:
    """Return how many chunks were removed, and how many terms they had together."""
    if not files:
        return 0, 0
    remove_graph(session, files)
    rows = [row for (row,) in session.rows("select_rows_of", files=files)]
    return len(rows), _remove_chunks(session, rows)


def _remove_chunks(session: Session, rows: Sequence[int]) -> int:
    """Return how many terms they had together."""
    if not rows:
        return 0
    session.run("subtract_frequencies", rows=rows)
    (terms,) = session.one("delete_terms", rows=rows)
    session.run("delete_chunks", rows=rows)
    return int(terms)


def remove_files(session: Session, paths: Collection[str]) -> int:
    files = list(_find_files(session, paths).values())
    if not files:
        return 0
    chunks, terms = _remove_content(session, files)
    session.run("delete_files", files=files)
    session.run("advance_state", rows=0, files=0, embedded=0, chunks=-chunks, terms=-terms, vectors=0)
    return len(files)


def remove_folder(session: Session, path: str, heir: str | None) -> bool:
    if not session.run("remove_folder", path=path).rowcount:
        return False
    if heir is not None:
        session.run("bequeath_files", folder=path, heir=heir)
        return True
    remove_files(session, [found for (found,) in session.rows("select_paths_of_folder", folder=path)])
    return True


def empty_content(session: Session, *, vectors: bool) -> None:
    """Remove every file with all that hangs on it, and with `vectors` every vector."""
    for name in ("terms", "frequencies", "chunks", "symbols", "references", "files", "state"):
        session.run(f"clear_{name}")
    if vectors:
        session.run("clear_vectors")
        session.run("clear_state_of_vectors")


def refresh_files(session: Session, records: Sequence[FileRecord]) -> None:
    session.run("stage_files")
    session.copy("staged_files", [_RECORD(record) for record in records])
    session.run("refresh_files")


def drop_unused_vectors(session: Session) -> int:
    dropped = session.run("drop_unused_vectors").rowcount
    session.run("advance_state", rows=0, files=0, embedded=0, chunks=0, terms=0, vectors=-dropped)
    return dropped


def list_files(session: Session) -> dict[str, FileRecord]:
    return {row[0]: FileRecord(*row) for row in session.rows("list_files")}


def missing_vectors(session: Session, text_hashes: Collection[str]) -> set[str]:
    if not text_hashes:
        return set()
    return {text_hash for (text_hash,) in session.rows("missing_vectors", text_hashes=list(text_hashes))}
