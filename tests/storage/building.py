"""Chunks, files and vectors for the tests of stores, in few words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import (
    Chunk,
    EmbeddingModel,
    FileRecord,
    FloatArray,
    IndexedFile,
    IndexStatistics,
    PreparedChunk,
    chunk_id,
    hash_text,
)
from agent_brain_server.domain.hits import Filters, Hit, Hits
from agent_brain_server.domain.terms import chunk_terms, tokenize
from agent_brain_server.storage.protocol import Store

DIMENSIONS = 8
MODEL = EmbeddingModel("test-model", DIMENSIONS, "words")
NO_EMBEDDING = EmbeddingModel("off", 0)
TOKENIZER = "1"
EVERYTHING = Filters()
MANY = 10_000


def make_chunk(path: str, text: str, **fields: object) -> PreparedChunk:
    """Make a chunk of one line; `fields` as in `Chunk`, and `occurrence`."""
    occurrence = fields.pop("occurrence", 0)
    assert isinstance(occurrence, int)
    values: dict[str, object] = {"language": "python", "kind": "function", "symbol": "", "signature": ""}
    values |= {"start_line": 1, "end_line": 1, "documentation": "", **fields}
    name = chunk_id(path, str(values["symbol"]), text, occurrence)
    chunk = Chunk(id=name, path=path, text=text, **values)  # type: ignore[arg-type]
    return PreparedChunk(chunk, chunk_terms(chunk), hash_text(chunk.embedding_text))


def make_file(path: str, *contents: str | PreparedChunk, folder: str = "src", language: str = "python") -> IndexedFile:
    """Make a file of these chunks; a text means a chunk of it."""
    chunks = [
        make_chunk(path, content, language=language, occurrence=at) if isinstance(content, str) else content
        for at, content in enumerate(contents)
    ]
    return IndexedFile(make_record(path, *contents, folder=folder, language=language), chunks)


def make_record(path: str, *contents: object, folder: str = "src", language: str = "python") -> FileRecord:
    return FileRecord(
        path=path,
        folder=folder,
        content_hash=hash_text(repr(contents)),
        size=len(contents),
        mtime_ns=1_700_000_000_123_456_789,
        language=language,
        chunk_count=len(contents),
        note="",
        indexed_at=1_700_000_000.25,
    )


def axis(*weights: float) -> FloatArray:
    """Return a vector of these first components, then zeros. Its products with other such vectors are exact."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(weights)] = weights
    return vector


def vector_of(text_hash: str) -> FloatArray:
    """Return a vector that the text decides, in steps that make every product exact in float32, with many ties."""
    number = int(text_hash[:8], 16)
    return np.array([(number >> (3 * at)) % 5 / 8 for at in range(DIMENSIONS)], np.float32)


def vectors_of(files: Iterable[IndexedFile]) -> dict[str, FloatArray]:
    return {chunk.text_hash: vector_of(chunk.text_hash) for indexed in files for chunk in indexed.chunks}


async def put(store: Store, *files: IndexedFile, vectors: Mapping[str, FloatArray] | None = None) -> None:
    """Upsert with a vector for every text that has none yet, as the indexer does."""
    made = vectors_of(files)
    missing = await store.index.missing_vectors(made.keys())
    await store.index.upsert_chunks(files, {name: (vectors or made).get(name, made[name]) for name in missing})


async def texts(store: Store, hits: list[Hit]) -> list[str]:
    """Return the texts of hits, best first."""
    chunks = await fetch_chunks(store, [hit.row for hit in hits])
    return [chunks[hit.row].text for hit in hits]


async def find(store: Store, query: str, filters: Filters = EVERYTHING, limit: int = MANY) -> list[str]:
    """Return the texts that hold a word of `query`, best first."""
    return await texts(store, await lexical_hits(store, tokenize(query), filters, limit))


async def nearest(store: Store, vector: FloatArray, filters: Filters = EVERYTHING, limit: int = MANY) -> list[str]:
    """Return the texts nearest to `vector`, best first."""
    return await texts(store, await vector_hits(store, vector, filters, limit))


async def lexical_hits(store: Store, terms: Sequence[str], filters: Filters = EVERYTHING, limit: int = MANY) -> Hits:
    return await store.read(lambda view: view.search.lexical(terms, filters, limit))


async def vector_hits(store: Store, vector: FloatArray, filters: Filters = EVERYTHING, limit: int = MANY) -> Hits:
    return await store.read(lambda view: view.search.vector(vector, filters, limit))


async def fetch_chunks(store: Store, rows: Sequence[int]) -> dict[int, Chunk]:
    return await store.read(lambda view: view.search.fetch_chunks(rows))


async def find_chunk(store: Store, chunk_id: str) -> Chunk | None:
    return await store.read(lambda view: view.search.find_chunk(chunk_id))


async def find_files(store: Store, paths: Collection[str]) -> dict[str, FileRecord]:
    return await store.read(lambda view: view.search.find_files(paths))


async def list_files(store: Store) -> dict[str, FileRecord]:
    return await store.read(lambda view: view.search.list_files())


async def statistics(store: Store) -> IndexStatistics:
    return await store.read(lambda view: view.search.statistics())


async def definitions(store: Store, names: Collection[str]) -> list[LocatedDefinition]:
    return await store.read(lambda view: view.graph.definitions(names))


async def definitions_in(
    store: Store, paths: Collection[str], symbols: Collection[str] = ()
) -> list[LocatedDefinition]:
    return await store.read(lambda view: view.graph.definitions_in(paths, symbols))


async def references(store: Store, names: Collection[str], limit: int) -> list[LocatedReference]:
    return await store.read(lambda view: view.graph.references(names, limit))


async def references_in(
    store: Store, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
) -> list[LocatedReference]:
    return await store.read(lambda view: view.graph.references_in(paths, kinds, within))


async def rows_at(store: Store, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    return await store.read(lambda view: view.graph.rows_at(places))
