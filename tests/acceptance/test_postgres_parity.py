"""The same sources in SQLite and in PostgreSQL, asked the same questions over HTTP: the same answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

import pytest

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.domain.terms import TOKENIZER_VERSION
from agent_brain_server.embedding.built_in import BuiltInEmbedder
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres import nearest as nearest_module
from agent_brain_server.storage.postgres import optimize
from agent_brain_server.storage.protocol import Store
from support.brain import ServerProcess, configure
from support.postgres import DatabaseServer

pytestmark = pytest.mark.slow

PACKAGES = ("asyncpg", "hypothesis", "rich")  # as uv.lock pins them
QUESTIONS = [
    line.split("\t")
    for line in (Path(__file__).parent / "parity_questions.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
LEAST_OVERLAP = 0.95
LEAST_RECALL = 0.97


def copy_packages(root: Path) -> None:
    """The sources of the packages, as they are installed."""
    for name in PACKAGES:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
        shutil.copytree(Path(spec.origin).parent, root / name, ignore=ignored)


def indexed(root: Path, environment: dict[str, str]) -> ServerProcess:
    root.mkdir()
    configure(root)
    copy_packages(root)
    server = ServerProcess(root, environment)
    server.start()
    return server


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, module_url: str) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    """One on SQLite and one on PostgreSQL, with the same indexed."""
    directory = tmp_path_factory.mktemp("parity")
    sqlite = indexed(directory / "sqlite", {})
    try:
        postgres = indexed(directory / "postgres", {"AGENT_BRAIN_STORAGE_URL": module_url})
        try:
            jobs = [server.index()["progress"] for server in (sqlite, postgres)]
            assert jobs[0]["chunks_done"] == jobs[1]["chunks_done"] > 1_000
            print(f"\n{jobs[0]['files_done']} files, {jobs[0]['chunks_done']} chunks")
            yield sqlite, postgres
        finally:
            postgres.stop()
    finally:
        sqlite.stop()


@pytest.fixture(scope="module")
def module_url(session_server: DatabaseServer) -> Iterator[str]:
    with session_server.database() as name:
        yield session_server.url(name)


def places(server: ServerProcess, question: list[str], mode: str, top_k: int) -> list[str]:
    """The passages that answer, best first."""
    body = {"query": question[0], "mode": mode, "top_k": top_k}
    if len(question) > 1:
        body["filters"] = json.loads(question[1])
    response = server.http.post("/query", json=body)
    assert response.status_code == 200, response.text
    return [f"{found['path']}:{found['start_line']}-{found['end_line']}" for found in response.json()["results"]]


def both(servers: tuple[ServerProcess, ServerProcess], mode: str, top_k: int) -> list[tuple[list[str], list[str]]]:
    """The answers to every question, of SQLite and of PostgreSQL."""
    with ThreadPoolExecutor(2) as pool:
        sqlite, postgres = (
            pool.submit(lambda server: [places(server, question, mode, top_k) for question in QUESTIONS], server)
            for server in servers
        )
        return list(zip(sqlite.result(), postgres.result(), strict=True))


def test_there_are_a_hundred_questions() -> None:
    assert len(QUESTIONS) == len({tuple(question) for question in QUESTIONS}) == 100


@pytest.mark.parametrize("top_k", [10, 50])
def test_words_find_the_same_in_the_same_order(servers: tuple[ServerProcess, ServerProcess], top_k: int) -> None:
    answers = both(servers, "bm25", top_k)
    assert sum(bool(sqlite) for sqlite, _ in answers) > 80
    assert_same(answers)


@pytest.mark.parametrize("top_k", [10, 50])
def test_exact_vectors_find_the_same(servers: tuple[ServerProcess, ServerProcess], top_k: int) -> None:
    """Sums of products may be rounded differently, so that the order of two that are nearly alike is not promised."""
    answers = both(servers, "vector", top_k)
    assert sum(bool(sqlite) for sqlite, _ in answers) > 80
    assert_same([(sorted(sqlite), sorted(postgres)) for sqlite, postgres in answers])


def assert_same(answers: Sequence[tuple[list[str], list[str]]]) -> None:
    differing = [
        (question, sorted(set(sqlite) ^ set(postgres)) or "another order")
        for question, (sqlite, postgres) in zip(QUESTIONS, answers, strict=True)
        if sqlite != postgres
    ]
    assert not differing, (len(differing), differing)


def test_hybrid_finds_nearly_the_same_five(servers: tuple[ServerProcess, ServerProcess]) -> None:
    overlaps = [
        len(set(sqlite) & set(postgres)) / max(len(sqlite), len(postgres), 1) if sqlite or postgres else 1.0
        for sqlite, postgres in both(servers, "hybrid", 5)
    ]
    print(f"\nhybrid, the first five: overlap {mean(overlaps):.3f} on average, {min(overlaps):.2f} at least")
    assert mean(overlaps) >= LEAST_OVERLAP


async def test_the_approximate_index_finds_what_the_exact_search_finds(
    servers: tuple[ServerProcess, ServerProcess], module_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = BuiltInEmbedder()
    store = create_store(module_url, servers[1].root, embedder.model, TOKENIZER_VERSION)
    await store.open()
    vectors = await embedder.embed([question[0] for question in QUESTIONS])
    exact = await nearest(store, vectors, "exact")
    monkeypatch.setattr(optimize, "MOST_EXACT", 0)
    monkeypatch.setattr(nearest_module, "MOST_EXACT", 0)
    await store.index.optimize()
    approximate = await nearest(store, vectors, "hnsw")
    await store.close()
    recalls = [recall(one, other) for one, other in zip(approximate, exact, strict=True)]
    print(f"\nHNSW: recall@10 {mean(recalls):.4f} on average, {min(recalls):.1f} at least")
    assert mean(recalls) >= LEAST_RECALL


async def nearest(store: Store, vectors: Sequence[FloatArray], path: str) -> list[Hits]:
    """The ten nearest to each vector that is not all zeros, found by this path."""
    found = await store.read(
        lambda view: [view.search.vector(vector, Filters(), 10) for vector in vectors if vector.any()]
    )
    assert {hits.strategy for hits in found} == {path}
    return found


def recall(found: Hits, expected: Hits) -> float:
    """The share of `expected` that was found; of chunks that are equally near, any will do."""
    least = min(hit.score for hit in expected) - 1e-6
    assert len({hit.row for hit in found}) == len(found)
    return sum(hit.score >= least for hit in found) / len(expected)
