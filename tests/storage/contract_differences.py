"""Promises of `IndexStore.upsert_chunks` about what it leaves as it is."""

from __future__ import annotations

from dataclasses import replace

from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.protocol import Store
from storage.building import (
    axis,
    fetch_chunks,
    find,
    find_chunk,
    lexical_hits,
    list_files,
    make_chunk,
    make_file,
    nearest,
    statistics,
    vectors_of,
)
from storage.contract_setting import ContractSetting

WORDS = "alpha beta gamma delta"


async def rows(store: Store) -> dict[str, int]:
    """Return the row of each text."""
    hits = await lexical_hits(store, WORDS.split(), Filters(), 100)
    return {chunk.text: row for row, chunk in (await fetch_chunks(store, [hit.row for hit in hits])).items()}


class DifferenceContract(ContractSetting):
    async def test_only_what_differs_is_written(self, store: Store) -> None:
        first = make_file("a.py", "alpha", "beta", "gamma")
        assert await store.index.upsert_chunks([first], vectors_of([first])) == 3
        before = await rows(store)
        second = make_file("a.py", "alpha", "delta", "gamma")
        assert await store.index.upsert_chunks([second], vectors_of([second])) == 1
        after = await rows(store)
        assert set(after) == {"alpha", "delta", "gamma"}
        assert (after["alpha"], after["gamma"]) == (before["alpha"], before["gamma"])
        assert after["delta"] not in before.values()
        assert await store.index.upsert_chunks([second], {}) == 0
        assert await rows(store) == after
        assert set(await find(store, WORDS)) == set(await nearest(store, axis(1))) == {"alpha", "delta", "gamma"}
        found = await statistics(store)
        assert (found.files, found.chunks) == (1, 3)

    async def test_a_chunk_that_has_moved_keeps_its_row(self, store: Store) -> None:
        chunk = make_chunk("a.py", "alpha", symbol="f")
        await store.index.upsert_chunks([make_file("a.py", chunk)], vectors_of([make_file("a.py", chunk)]))
        before = await rows(store)
        moved = make_chunk("a.py", "alpha", symbol="f", start_line=8, end_line=9)
        assert await store.index.upsert_chunks([make_file("a.py", moved)], {}) == 1
        assert await rows(store) == before
        assert await find_chunk(store, chunk.chunk.id) == moved.chunk

    async def test_a_chunk_with_another_kind_or_documentation_is_another(self, store: Store) -> None:
        for other in ({"kind": "class"}, {"documentation": "beta"}, {"signature": "def f()"}, {"language": "go"}):
            changed = make_chunk("a.py", "alpha", symbol="f", **other)
            file = make_file("a.py", changed)
            assert await store.index.upsert_chunks([file], vectors_of([file])) == 1
            assert await find_chunk(store, changed.chunk.id) == changed.chunk
        assert await find(store, "beta") == []

    async def test_all_is_written_where_that_is_asked_for(self, store: Store) -> None:
        file = make_file("a.py", "alpha", "beta")
        await store.index.upsert_chunks([file], vectors_of([file]))
        before = await rows(store)
        assert await store.index.upsert_chunks([file], {}, rewrite=True) == 2
        assert not set((await rows(store)).values()) & set(before.values())
        assert set(await find(store, WORDS)) == {"alpha", "beta"}

    async def test_repeats_and_files_without_chunks(self, store: Store) -> None:
        twice = [make_chunk("a.py", "alpha"), make_chunk("a.py", "alpha", occurrence=1)]
        file = make_file("a.py", *twice)
        assert await store.index.upsert_chunks([file], vectors_of([file])) == 2
        assert await store.index.upsert_chunks([make_file("a.py", twice[1])], {}) == 0
        empty = make_file("a.py")
        assert await store.index.upsert_chunks([replace(empty, record=replace(empty.record, note="x"))], {}) == 0
        assert await find(store, WORDS) == []
        assert (await list_files(store))["a.py"].note == "x"
