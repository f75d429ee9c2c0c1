"""Writing the index, inside the transaction that the store began with `begin_change`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from agent_brain_server.domain.content import FileRecord, FloatArray, IndexedFile, PreparedChunk
from agent_brain_server.storage.checks import check_vectors, lacking_vector
from agent_brain_server.storage.differences import StoredChunk, find_difference
from agent_brain_server.storage.postgres.graph import insert_graph, remove_graph
from agent_brain_server.storage.postgres.lexemes import Lexemes, count_terms, tsvector
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.rows import chunk_row, texts_without_vector

_RECORD = attrgetter(
    "path", "folder", "content_hash", "size", "mtime_ns", "language", "chunk_count", "note", "indexed_at"
)


async def upsert_chunks(
    session: Session,
    files: Sequence[IndexedFile],
    vectors: Mapping[str, FloatArray],
    dimensions: int,
    next_row: int,
    next_file: int,
    *,
    rewrite: bool,
) -> int:
    """See `IndexStore.upsert_chunks`; new rows and files are numbered from `next_row` and `next_file` on."""
    check_vectors(vectors, dimensions)
    newest = {indexed.record.path: indexed for indexed in files}
    ids = await _find_files(session, newest.keys())
    stored = await _stored(session, list(ids.values()))
    difference = find_difference({} if rewrite else stored, newest.values())
    gone = [chunk.row for chunk in stored.values()] if rewrite else difference.removed
    removed_terms = await _remove_chunks(session, gone)
    await remove_graph(session, list(ids.values()))
    await _move(session, difference.moved)
    embedded = await _insert_vectors(session, vectors)
    if dimensions:
        await _check_vectors_stored(session, newest, vectors)
    new = [path for path in newest if path not in ids]
    ids |= {path: file_id for file_id, path in enumerate(new, next_file)}
    await _upsert_files(session, [indexed.record for indexed in newest.values()], ids)
    placed = [(ids[path], indexed) for path, indexed in newest.items()]
    rows, terms = await _insert_chunks(session, placed, difference.added, next_row)
    await insert_graph(session, placed)
    await session.run(
        "advance_state",
        rows=rows,
        files=len(new),
        embedded=embedded,
        chunks=rows - len(gone),
        terms=terms - removed_terms,
        vectors=embedded,
    )
    return difference.written


async def _stored(session: Session, files: Sequence[int]) -> dict[str, StoredChunk]:
    """The chunks of these files by id."""
    found = await session.rows("select_stored_of", files=files) if files else []
    return {chunk_id: StoredChunk(*fields) for chunk_id, *fields in found}


async def _move(session: Session, moved: Sequence[tuple[int, int, int]]) -> None:
    if moved:
        rows, starts, ends = (list(column) for column in zip(*moved, strict=True))
        await session.run("move_chunks", rows=rows, starts=starts, ends=ends)


async def _find_files(session: Session, paths: Collection[str]) -> dict[str, int]:
    return {path: int(file_id) for path, file_id in await session.rows("find_file_ids", paths=list(paths))}


async def _insert_vectors(session: Session, vectors: Mapping[str, FloatArray]) -> int:
    if not vectors:
        return 0
    await session.run("stage_vectors")
    await session.copy("staged_vectors", vectors.items())
    return (await session.run("insert_vectors")).rowcount


async def _check_vectors_stored(
    session: Session, files: Mapping[str, IndexedFile], vectors: Mapping[str, FloatArray]
) -> None:
    needed = texts_without_vector(files, vectors)
    missing = await missing_vectors(session, needed.keys())
    if missing:
        raise lacking_vector(needed[missing.pop()])


async def _upsert_files(session: Session, records: Sequence[FileRecord], ids: Mapping[str, int]) -> None:
    await session.run("stage_files")
    await session.copy("staged_files", [_RECORD(record) for record in records])
    await session.run("upsert_files", paths=list(ids.keys()), ids=list(ids.values()))


async def _insert_chunks(
    session: Session,
    files: Sequence[tuple[int, IndexedFile]],
    added: Mapping[str, Sequence[PreparedChunk]],
    first_row: int,
) -> tuple[int, int]:
    """How many chunks there were, and how many terms they had together."""
    placed = [(file_id, chunk) for file_id, indexed in files for chunk in added[indexed.record.path]]
    if not placed:
        return 0, 0
    staged = await asyncio.to_thread(_stage_chunks, placed, first_row, Lexemes(session.project_id))
    await session.run("stage_chunks")
    await session.copy("staged_chunks", staged.rows)
    await session.run("insert_chunks")
    await session.run("insert_terms")
    lexemes = sorted(staged.frequencies)
    await session.run("add_frequencies", lexemes=lexemes, counts=[staged.frequencies[lexeme] for lexeme in lexemes])
    return len(placed), staged.terms


@dataclass(frozen=True, slots=True)
class _Staged:
    """Rows of `staged_chunks`, in how many of them each lexeme occurs, and how many terms they have together."""

    rows: Sequence[tuple[object, ...]]
    frequencies: Counter[str]
    terms: int


def _stage_chunks(placed: Sequence[tuple[int, PreparedChunk]], first_row: int, lexemes: Lexemes) -> _Staged:
    """In a thread: it takes milliseconds for which the event loop would answer nobody."""
    rows, frequencies, terms = [], Counter[str](), 0
    for row, (file_id, prepared) in enumerate(placed, first_row):
        counts = count_terms(prepared.terms)
        frequencies.update(map(lexemes.of, counts))
        terms += counts.total
        rows.append((*chunk_row(row, file_id, prepared), counts.total, tsvector(counts, lexemes)))
    return _Staged(rows, frequencies, terms)


async def _remove_content(session: Session, files: Sequence[int]) -> tuple[int, int]:
    """How many chunks went, and how many terms they had together."""
    if not files:
        return 0, 0
    await remove_graph(session, files)
    rows = [row for (row,) in await session.rows("select_rows_of", files=files)]
    return len(rows), await _remove_chunks(session, rows)


async def _remove_chunks(session: Session, rows: Sequence[int]) -> int:
    """How many terms they had together."""
    if not rows:
        return 0
    await session.run("subtract_frequencies", rows=rows)
    (terms,) = await session.one("delete_terms", rows=rows)
    await session.run("delete_chunks", rows=rows)
    return int(terms)


async def remove_files(session: Session, paths: Collection[str]) -> int:
    """See `IndexStore.remove_files`."""
    files = list((await _find_files(session, paths)).values())
    if not files:
        return 0
    chunks, terms = await _remove_content(session, files)
    await session.run("delete_files", files=files)
    await session.run("advance_state", rows=0, files=0, embedded=0, chunks=-chunks, terms=-terms, vectors=0)
    return len(files)


async def remove_folder(session: Session, path: str, heir: str | None) -> bool:
    """See `FolderStore.remove_folder`."""
    if not (await session.run("remove_folder", path=path)).rowcount:
        return False
    if heir is not None:
        await session.run("bequeath_files", folder=path, heir=heir)
        return True
    await remove_files(session, [found for (found,) in await session.rows("select_paths_of_folder", folder=path)])
    return True


async def empty_content(session: Session, *, vectors: bool) -> None:
    """Remove every file with all that hangs on it, and with `vectors` every vector."""
    for name in ("terms", "frequencies", "chunks", "symbols", "references", "files", "state"):
        await session.run(f"clear_{name}")
    if vectors:
        await session.run("clear_vectors")
        await session.run("clear_state_of_vectors")


async def refresh_files(session: Session, records: Sequence[FileRecord]) -> None:
    """See `IndexStore.refresh_files`."""
    await session.run("stage_files")
    await session.copy("staged_files", [_RECORD(record) for record in records])
    await session.run("refresh_files")


async def drop_unused_vectors(session: Session) -> int:
    """See `IndexStore.drop_unused_vectors`."""
    dropped = (await session.run("drop_unused_vectors")).rowcount
    await session.run("advance_state", rows=0, files=0, embedded=0, chunks=0, terms=0, vectors=-dropped)
    return dropped


async def list_files(session: Session) -> dict[str, FileRecord]:
    """See `IndexStore.list_files`."""
    return {row[0]: FileRecord(*row) for row in await session.rows("list_files")}


async def missing_vectors(session: Session, text_hashes: Collection[str]) -> set[str]:
    """See `IndexStore.missing_vectors`."""
    if not text_hashes:
        return set()
    return {text_hash for (text_hash,) in await session.rows("missing_vectors", text_hashes=list(text_hashes))}
