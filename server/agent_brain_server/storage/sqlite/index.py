"""Writing the index: what `IndexStore` promises, on the writer's thread and inside of a transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from agent_brain_server.domain.content import Chunk, FileRecord, FloatArray, IndexedFile, PreparedChunk, Terms
from agent_brain_server.domain.terms import chunk_terms
from agent_brain_server.storage.checks import check_vectors, require_vectors
from agent_brain_server.storage.differences import StoredChunk, find_difference
from agent_brain_server.storage.rows import chunk_row, texts_without_vector
from agent_brain_server.storage.sqlite.graph import clear_graph, insert_graph, remove_graph
from agent_brain_server.storage.sqlite.session import Session


@dataclass(frozen=True, slots=True)
class Change:
    """The result of a write: the chunk rows that are gone (None: all) and a count of what it was asked for."""

    removed: Sequence[int] | None
    count: int = 0


def upsert_chunks(
    session: Session,
    files: Sequence[IndexedFile],
    vectors: Mapping[str, FloatArray],
    dimensions: int,
    *,
    rewrite: bool,
) -> Change:
    """Return a change that counts the chunks that were written."""
    check_vectors(vectors, dimensions)
    newest = {indexed.record.path: indexed for indexed in files}
    names = json.dumps(list(newest))
    held = _chunks_of(session, names)
    difference = find_difference({} if rewrite else _stored(held), newest.values())
    removed = list(held) if rewrite else difference.removed
    _remove_chunks(session, {row: held[row] for row in removed})
    remove_graph(session, names)
    session.run_many("move_chunk", [(start, end, row) for row, start, end in difference.moved])
    embedded = session.run_many("insert_vector", _vector_rows(vectors))
    if dimensions:
        needed = texts_without_vector(newest, vectors)
        require_vectors(needed, missing_vectors(session, needed.keys()))
    (first_row,) = session.one("find_next_row")
    placed = _upsert_files(session, newest.values())
    rows = _insert_chunks(session, placed, difference.added, first_row)
    insert_graph(session, placed)
    session.run("advance_meta", rows=rows, embedded=embedded)
    return Change(removed, difference.written)


def _vector_rows(vectors: Mapping[str, FloatArray]) -> Iterator[tuple[str, bytes]]:
    return ((text_hash, vector.astype("<f4").tobytes()) for text_hash, vector in vectors.items())


def _upsert_files(session: Session, files: Collection[IndexedFile]) -> list[tuple[int, IndexedFile]]:
    """Return the files with their ids."""
    for indexed in files:
        session.run("upsert_file", **asdict(indexed.record))
    return [(session.one("find_file", path=indexed.record.path)[0], indexed) for indexed in files]


def _insert_chunks(
    session: Session,
    files: Sequence[tuple[int, IndexedFile]],
    added: Mapping[str, Sequence[PreparedChunk]],
    first_row: int,
) -> int:
    chunks = [(file_id, chunk) for file_id, indexed in files for chunk in added[indexed.record.path]]
    placed = [(row, file_id, chunk) for row, (file_id, chunk) in enumerate(chunks, first_row)]
    session.run_many("insert_chunk", (chunk_row(row, file_id, prepared) for row, file_id, prepared in placed))
    session.run_many("insert_terms", (_terms_row(row, prepared.terms) for row, _, prepared in placed))
    return len(placed)


def _terms_row(row: int, terms: Terms) -> tuple[object, ...]:
    return row, terms.symbol, terms.path, terms.documentation, terms.body


def _remove_content(session: Session, paths: Collection[str]) -> list[int]:
    """Remove the graphs of these files, their chunks, and their terms, which are made again as they were put in."""
    names = json.dumps(list(paths))
    gone = _chunks_of(session, names)
    _remove_chunks(session, gone)
    remove_graph(session, names)
    return list(gone)


def _chunks_of(session: Session, names: str) -> dict[int, Chunk]:
    """Return the chunks of these files by row; `names` is JSON."""
    return {row: Chunk(*fields) for row, *fields in session.run("select_chunks_of", paths=names)}


def _stored(chunks: Mapping[int, Chunk]) -> dict[str, StoredChunk]:
    return {
        c.id: StoredChunk(row, c.start_line, c.end_line, c.language, c.kind, c.signature, c.documentation)
        for row, c in chunks.items()
    }


def _remove_chunks(session: Session, gone: Mapping[int, Chunk]) -> None:
    session.run_many("delete_terms", (_terms_row(row, chunk_terms(chunk)) for row, chunk in gone.items()))
    session.run("delete_chunks", rows=json.dumps(list(gone)))


def remove_files(session: Session, paths: Collection[str]) -> Change:
    names = json.dumps(list(paths))
    (found,) = session.one("count_files_of", paths=names)
    (held,) = session.one("count_files")
    if not found:
        return Change([])
    removed = None if found == held else _remove_content(session, paths)
    if removed is None:
        _clear_content(session)
    session.run("delete_files", paths=names)
    session.run("advance_meta", rows=0, embedded=0)
    return Change(removed, found)


def remove_folder(session: Session, path: str, heir: str | None) -> Change:
    """Return a change that counts 1 if it was there."""
    if not session.run("remove_folder", path=path).rowcount:
        return Change([])
    if heir is not None:
        session.run("bequeath_files", folder=path, heir=heir)
        session.run("advance_meta", rows=0, embedded=0)
        return Change([], 1)
    paths = [found for (found,) in session.run("select_paths_of_folder", folder=path)]
    return Change(remove_files(session, paths).removed, 1)


def reset(session: Session) -> Change:
    empty_content(session, vectors=True)
    return Change(None)


def empty_content(session: Session, *, vectors: bool) -> None:
    """Remove every file with all that hangs on it, and with `vectors` every vector."""
    _clear_content(session)
    session.run("clear_files")
    if vectors:
        session.run("clear_vectors")
    session.run("advance_meta", rows=0, embedded=0)


def _clear_content(session: Session) -> None:
    session.run("clear_terms")
    session.run("clear_chunks")
    clear_graph(session)


def refresh_files(session: Session, records: Sequence[FileRecord]) -> None:
    session.run_many("refresh_file", [asdict(record) for record in records])


def drop_unused_vectors(session: Session) -> int:
    return session.run("drop_unused_vectors").rowcount


def list_files(session: Session) -> dict[str, FileRecord]:
    return {row[0]: FileRecord(*row) for row in session.run("list_files")}


def missing_vectors(session: Session, text_hashes: Collection[str]) -> set[str]:
    found = session.run("missing_vectors", text_hashes=json.dumps(list(text_hashes)))
    return {text_hash for (text_hash,) in found}
