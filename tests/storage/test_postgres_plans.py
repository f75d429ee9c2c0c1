"""In an index of 100,000 chunks PostgreSQL searches through the indexes that were made for it, filters and all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from agent_brain_contract.paths import location_id
from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Filters
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres.nearest import HNSW_STRATEGY, MOST_EXACT
from agent_brain_server.storage.postgres.roles import grant, revoke
from agent_brain_server.storage.postgres.session import Row, Session
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.texts import clean
from storage.building import EVERYTHING, MODEL, TOKENIZER, lexical_hits, make_chunk, make_file, vector_hits
from support.postgres import DatabaseServer

CHUNKS = 100_000
A_FILE = 50
FILES_A_BATCH = 100
LANGUAGES = ("python", "go")
pytestmark = pytest.mark.timeout(400)  # the vector index of 100,000 chunks

SEARCHES = ("search_lexical", "search_vector_nearest")


def direction(name: str) -> FloatArray:
    """Return a unit vector that the name decides."""
    vector = np.frombuffer(hashlib.blake2b(name.encode(), digest_size=8).digest(), np.int8).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


async def fill(store: Store) -> None:
    files = []
    for number in range(CHUNKS // A_FILE):
        language = LANGUAGES[number % 2]
        path = f"lib/part{number % 40}/m{number}.py"
        texts = [f"word{(number * A_FILE + at) % 997} common part{at} n{number}x{at}" for at in range(A_FILE)]
        files.append(make_file(path, *[make_chunk(path, text, language=language) for text in texts], language=language))
    for start in range(0, len(files), FILES_A_BATCH):
        batch = files[start : start + FILES_A_BATCH]
        vectors = {chunk.text_hash: direction(chunk.text_hash) for file in batch for chunk in file.chunks}
        await store.index.upsert_chunks(batch, vectors)
    await store.index.optimize()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="module")
def filled_url(session_server: DatabaseServer, root: Path) -> Iterator[str]:
    async def make(url: str) -> None:
        store = create_store(url, root, MODEL, TOKENIZER)
        await store.open()
        await fill(store)
        await store.close()

    with session_server.database() as name:
        asyncio.run(make(session_server.url(name)))
        yield session_server.url(name)


@pytest.fixture
async def store(filled_url: str, root: Path) -> AsyncIterator[Store]:
    opened = create_store(filled_url, root, MODEL, TOKENIZER)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def store_of_a_role(filled_url: str, root: Path) -> AsyncIterator[Store]:
    """Open the same index by a role that row level security binds to it."""
    granted = await grant(PostgresConfig.from_url(filled_url), location_id(root))
    opened = create_store(granted.url(), root, MODEL, TOKENIZER)
    await opened.open()
    yield opened
    await opened.close()
    await revoke(PostgresConfig.from_url(filled_url), location_id(root))


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the plans of the searches that are run, as PostgreSQL made them for these very values."""
    seen: list[str] = []
    rows = Session.rows

    def explain(self: Session, *blocks: str, **values: object) -> Sequence[Row]:
        if blocks[0] in SEARCHES:
            sql, names = self.statements.make(blocks)
            bound = {name: clean(value) for name, value in values.items()} | {"project": self.project_id}
            plan = self.connection.execute(f"EXPLAIN {sql}", [bound[name] for name in names])
            seen.append("\n".join(line for (line,) in plan))
        return rows(self, *blocks, **values)

    monkeypatch.setattr(Session, "rows", explain)
    return seen


FILTERS = [
    EVERYTHING,
    Filters(languages=("go",)),
    Filters(languages=("go", "python"), kinds=("function",)),
    Filters(paths=("lib/part1*/",)),
]


@pytest.mark.slow
@pytest.mark.parametrize("filters", FILTERS)
async def test_words_are_looked_up_in_the_gin_index(store: Store, plans: list[str], filters: Filters) -> None:
    hits = await lexical_hits(store, ["word7", "common", "part3"], filters, 20)
    assert len(hits) == 20
    assert hits.strategy == "gin"
    assert plans
    assert all("Bitmap Index Scan on chunk_terms_by_term" in plan for plan in plans), plans


@pytest.mark.slow
@pytest.mark.parametrize("filters", FILTERS)
async def test_the_nearest_are_looked_up_in_the_hnsw_index(store: Store, plans: list[str], filters: Filters) -> None:
    wanted = direction("asked for")
    hits = await vector_hits(store, wanted, filters, 20)
    assert len(hits) == 20
    assert hits.strategy == HNSW_STRATEGY
    (plan,) = plans
    assert "Index Scan using vectors_by_distance" in plan, plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.slow
async def test_few_allowed_chunks_are_compared_one_by_one(store: Store, plans: list[str]) -> None:
    hits = await vector_hits(store, direction("asked for"), Filters(paths=("lib/part7/m7.py",)), 100)
    assert len(hits) == A_FILE
    assert hits.strategy == "exact"
    assert plans == []
    assert CHUNKS > MOST_EXACT


@pytest.mark.slow
@pytest.mark.parametrize("filters", FILTERS)
async def test_row_level_security_leaves_the_searches_their_indexes(
    store: Store, store_of_a_role: Store, plans: list[str], filters: Filters, filled_url: str
) -> None:
    """Words are matched inside of a function of the owner's, whose plan is its own: there each lookup is counted."""
    database = DatabaseServer(PostgresConfig.from_url(filled_url))
    scans = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname = 'chunk_terms_by_term'"
    reads = "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname = 'chunk_terms'"
    before = database.psql(scans), database.psql(reads)
    words = ["word7", "common", "part3"]
    found = await lexical_hits(store_of_a_role, words, filters, 20)
    near = await vector_hits(store_of_a_role, direction("asked for"), filters, 20)
    await store_of_a_role.close()  # a connection says what it has counted when it ends
    assert database.psql(scans)[0][0] > before[0][0][0]
    assert database.psql(reads) == before[1]
    assert "Index Scan using vectors_by_distance" in plans[-1], plans[-1]
    assert "Seq Scan" not in plans[-1], plans[-1]
    assert near.strategy == HNSW_STRATEGY
    assert found == await lexical_hits(store, words, filters, 20)
    assert near == await vector_hits(store, direction("asked for"), filters, 20)
