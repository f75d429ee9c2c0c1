"""PostgreSQL and the reference given the same operations answer alike, with its limits as they are and set low."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from agent_brain_server.domain.content import FloatArray, IndexedFile
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage import lexical
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres import full_text, nearest, optimize
from agent_brain_server.storage.protocol import Store
from storage.against_memory import WORDS, AgainstMemory, chunks_by_vector, chunks_by_words, filters
from storage.building import DIMENSIONS, MANY, MODEL, TOKENIZER, make_file, put, vectors_of
from support.postgres import DatabaseServer

INDEX_SCANS = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'vectors_by_distance'"
SETTINGS = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
FOUR_AXES = list(combinations(range(DIMENSIONS), 4))


class PostgresAgainstMemory(AgainstMemory):
    """Every example is another project in the one database."""

    url = ""

    def make_store(self, directory: Path) -> Store:
        return create_store(self.url, directory, MODEL, TOKENIZER)


class LargeAgainstMemory(PostgresAgainstMemory):
    """As if every index were large: words are pruned, and vectors are found through the approximate index."""

    async def put(self, store: Store, indexed: list[IndexedFile]) -> None:
        await put(store, *indexed, vectors={text_hash: unit_vector(text_hash) for text_hash in vectors_of(indexed)})

    @rule(words=st.lists(st.sampled_from([*WORDS, "beta", "pool", "md"]), max_size=3), chosen=filters)
    def search_by_words(self, words: list[str], chosen: Filters) -> None:
        """Words that are nearly everywhere may be left out. Of what the others find, a few are as good as asked for."""
        expected = self.run(chunks_by_words(self.memory, words, chosen))
        found = self.run(chunks_by_words(self.store, words, chosen))
        assert set(found) <= set(expected)
        assert len(found) == len(set(found))
        if not chosen:
            assert bool(found) == bool(expected)
        for limit in (1, 3):
            few = self.run(chunks_by_words(self.store, words, chosen, limit))
            assert set(few) <= set(found)
            assert len(few) == len(set(few)) == min(limit, len(found))

    @rule(weights=st.lists(st.sampled_from([-1.0, 0.5, 1.0]), min_size=1, max_size=4), chosen=filters)
    def search_by_vector(self, weights: list[float], chosen: Filters, limit: int = 5) -> None:
        """As many as there are, each with its own score, best first. Most filters leave nothing: also without any."""
        for some, most in product((chosen, Filters()), (3, MANY)):
            scores = dict(self.run(chunks_by_vector(self.memory, weights, some, MANY)))
            found = self.run(chunks_by_vector(self.store, weights, some, most))
            assert len(found) == len(dict(found)) == min(most, len(scores))
            assert dict(found).items() <= scores.items()
            assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def unit_vector(text_hash: str) -> FloatArray:
    """Return a vector of length 1 that the text decides; every product with it is exact in float32."""
    number = int(text_hash[:8], 16)
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[list(FOUR_AXES[number % len(FOUR_AXES)])] = [0.5 - (number >> bit & 1) for bit in range(20, 24)]
    return vector


class TestSmall(PostgresAgainstMemory.TestCase):  # type: ignore[misc]
    settings = SETTINGS

    @pytest.fixture(autouse=True)
    def database(self, session_server: DatabaseServer) -> Iterator[None]:
        with session_server.database() as name:
            PostgresAgainstMemory.url = session_server.url(name)
            yield


class TestLarge(LargeAgainstMemory.TestCase):  # type: ignore[misc]
    settings = SETTINGS

    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lexical, "MANY_MATCHES", 3)
        monkeypatch.setattr(full_text, "CANDIDATES", 2)
        for module in (nearest, optimize):
            monkeypatch.setattr(module, "MOST_EXACT", 0)

    @pytest.fixture(autouse=True)
    def database(self, session_server: DatabaseServer, tmp_path: Path, small_limits: None) -> Iterator[None]:
        with session_server.database() as name:
            LargeAgainstMemory.url = session_server.url(name)
            # The planner would sort so few rows, and rightly.
            session_server.psql(f"ALTER DATABASE {name} SET enable_sort = off")
            asyncio.run(fill_another_project(create_store(LargeAgainstMemory.url, tmp_path, MODEL, TOKENIZER)))
            yield
            wait_for_index_scans(session_server, name)


def wait_for_index_scans(server: DatabaseServer, name: str) -> None:
    """Wait for a figure: a connection reports what it has scanned when it ends, a moment after it was closed."""
    deadline = time.monotonic() + 10
    while not server.psql(INDEX_SCANS, name)[0][0]:
        assert time.monotonic() < deadline, "the approximate index was never used"
        time.sleep(0.05)


async def fill_another_project(store: Store) -> None:
    """Build the index at the start, full of vectors that no example may find."""
    indexed = [make_file(f"{number}.py", *(f"alpha {number} {at}" for at in range(10))) for number in range(30)]
    await store.open()
    await put(store, *indexed, vectors={text_hash: unit_vector(text_hash) for text_hash in vectors_of(indexed)})
    await store.index.optimize()
    await store.close()
