"""What PostgreSQL does differently once an index is large or its vectors are, with the limits for that set low."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.domain.hits import Filters
from agent_brain_server.errors import StorageLostError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage import lexical
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres import connection, full_text, nearest, optimize
from agent_brain_server.storage.protocol import Store
from storage.building import EVERYTHING, MODEL, TOKENIZER, find, lexical_hits, make_file, put, texts, vector_hits
from support.postgres import DatabaseServer, PostgresServer, frozen

CHUNKS = 300
INDEX = "SELECT indexdef FROM pg_indexes WHERE indexname = 'vectors_by_distance'"
PYTHON = [number for number in range(CHUNKS) if number % 10]
SCANS = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'vectors_by_distance'"


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (nearest, optimize):
        monkeypatch.setattr(module, "MOST_EXACT", 20)


def directions(dimensions: int) -> FloatArray:
    """Vectors of length 1, no two alike."""
    vectors = np.random.default_rng(1).normal(size=(CHUNKS, dimensions)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


async def fill(store: Store, vectors: FloatArray) -> None:
    files = [
        make_file(f"f{number}.x", f"text {number}", language="go" if number % 10 == 0 else "python")
        for number in range(len(vectors))
    ]
    await put(store, *files, vectors={file.chunks[0].text_hash: v for file, v in zip(files, vectors, strict=True)})


@pytest.mark.parametrize(("dimensions", "kind"), [(256, "vector"), (3_072, "halfvec"), (5_000, "")])
async def test_vectors_of_any_length_are_found_through_the_index_that_can_hold_them(
    tmp_path: Path, postgres_url: str, dimensions: int, kind: str
) -> None:
    database = DatabaseServer(PostgresConfig.from_url(postgres_url))
    database.psql(f"ALTER DATABASE {database.config.database} SET enable_sort = off")  # which so few rows would be
    store = create_store(postgres_url, tmp_path, EmbeddingModel("long", dimensions), TOKENIZER)
    await store.open()
    vectors = directions(dimensions)
    await fill(store, vectors)
    await store.index.optimize()
    definition = "".join(text for (text,) in database.psql(INDEX))
    assert (f"{kind}_cosine_ops" in definition) if kind else not definition
    for filters, numbers in ((EVERYTHING, range(CHUNKS)), (Filters(languages=("python", "rust")), PYTHON)):
        hits = await vector_hits(store, vectors[5], filters, 10)
        assert hits.strategy == ("hnsw" if kind else "exact")
        products = {f"text {number}": float(vectors[number] @ vectors[5]) for number in numbers}
        found = await texts(store, hits)
        assert found == sorted(products, key=lambda text: -products[text])[:10]
        assert [hit.score for hit in hits] == pytest.approx([products[text] for text in found], abs=1e-5)
    few = await vector_hits(store, vectors[5], Filters(paths=("f1.x", "f2.x")), 10)
    assert (few.strategy, len(few)) == ("exact", 2)
    await store.close()
    if kind:
        wait_for_scans(database, 2)


def wait_for_scans(database: DatabaseServer, count: int) -> None:
    """Wait for a figure: a closed connection may take its time to report what it has counted."""
    deadline = time.monotonic() + 10
    while (scans := database.psql(SCANS)) != [(count,)]:
        assert time.monotonic() < deadline, scans
        time.sleep(0.05)


async def test_too_few_through_the_index_are_made_up_for_exactly(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors of length 0 are in no index by angle."""
    store = create_store(postgres_url, tmp_path, EmbeddingModel("long", 32), TOKENIZER)
    await store.open()
    vectors = directions(32)
    vectors[50:] = 0
    database = DatabaseServer(PostgresConfig.from_url(postgres_url))
    database.psql(f"ALTER DATABASE {database.config.database} SET enable_sort = off")
    await store.close()
    await store.open()
    await fill(store, vectors)
    await store.index.optimize()
    hits = await vector_hits(store, vectors[5], EVERYTHING, 100)
    assert (hits.strategy, len(hits)) == ("hnsw, then exact", 100)
    assert (await texts(store, hits))[0] == "text 5"
    await store.close()


@pytest.fixture
async def store(tmp_path: Path, postgres_url: str) -> AsyncIterator[Store]:
    opened = create_store(postgres_url, tmp_path, MODEL, TOKENIZER)
    await opened.open()
    for number in range(30):
        language = "go" if number % 10 == 0 else "python"
        await put(opened, make_file(f"f{number}.x", f"self part{number}", f"self {number}", language=language))
    yield opened
    await opened.close()


async def test_common_terms_count_and_do_not_find(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "LEAST_FOUND", 1)
    assert await find(store, "self 7", limit=1) == ["self 7"]
    assert set(await find(store, "self 7", Filters(languages=("go",)), limit=1)) == {"self 0"}


async def test_terms_that_are_everywhere_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MANY_MATCHES", 10)
    assert set(await find(store, "self 7")) == {"self part7", "self 7"}
    assert len(await find(store, "self")) == 60
    assert await find(store, "self 7", Filters(languages=("go",))) == []


async def test_terms_count_as_in_sqlite(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
    await other.open()
    for number in range(30):
        await put(other, make_file(f"f{number}.x", f"self part{number}", f"self {number}"))
    for least, query in ((1, "self 7 part"), (1, "part self 12 29 3"), (1_000, "part self 12 29 3")):
        monkeypatch.setattr(lexical, "LEAST_FOUND", least)
        one, two = [await lexical_hits(each, query.split(), EVERYTHING, 2) for each in (store, other)]
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in two])
        assert await texts(store, one) == await texts(other, two)
    await other.close()


@pytest.mark.parametrize("candidates", [1, 5, 40, 1_000])
async def test_the_promising_are_those_that_scoring_all_gives(
    store: Store, monkeypatch: pytest.MonkeyPatch, candidates: int
) -> None:
    expected = await find(store, "self part 7 9", limit=3)
    monkeypatch.setattr(lexical, "COMMON_SHARE", 1.0)  # nothing is left out
    monkeypatch.setattr(lexical, "MANY_MATCHES", 10)
    monkeypatch.setattr(full_text, "CANDIDATES", candidates)
    assert await find(store, "self part 7 9", limit=3) == expected
    assert len(expected) == 3


async def test_a_database_that_does_not_answer_is_given_up_after_a_while(
    tmp_path: Path, own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 0.5)
    monkeypatch.setattr(connection, "HEALTH_SECONDS", 0.5)
    store = create_store(own_server.url(), tmp_path, MODEL, TOKENIZER)
    await store.open()
    await put(store, make_file("a.py", "alpha"))
    with frozen(own_server):
        for _ in range(2):
            with pytest.raises(StorageLostError, match="does not answer \\(no answer in time\\): start it"):
                await find(store, "alpha")
        health = await store.database_health()
        assert health is not None
        assert "no answer in time" in health.detail
    assert await find(store, "alpha") == ["alpha"]
    await store.close()
