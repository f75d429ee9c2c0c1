"""Promises of `ReadStore`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.view import View
from storage.building import EVERYTHING, MANY, axis, find, make_chunk, make_file, nearest, put
from storage.contract_setting import ContractSetting

PATIENCE = 60


class ReadContract(ContractSetting):
    @pytest.mark.parametrize("writes", [1, 3])
    @pytest.mark.parametrize("warm", [False, True], ids=["first search", "later search"])
    async def test_a_read_sees_one_state_despite_writes_meanwhile(self, store: Store, warm: bool, writes: int) -> None:
        await put(store, make_file("a.py", make_chunk("a.py", "alpha one", symbol="one")), make_file("b.py", "alpha"))
        if warm:
            assert len(await nearest(store, axis(1))) == 2
        begun, written = threading.Event(), threading.Event()

        def work(view: View) -> list[object]:
            files = view.search.list_files()
            begun.set()
            assert written.wait(PATIENCE)
            return [files, _everything(view)]

        expected = [await store.read(lambda view: view.search.list_files()), await store.read(_everything)]
        reading = asyncio.create_task(store.read(work))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        for number in range(writes):
            await put(store, make_file("a.py", f"alpha two {number}", "alpha three"))
        await store.index.remove_files(["b.py"])
        written.set()
        assert await reading == expected
        assert set(await find(store, "alpha")) == {f"alpha two {writes - 1}", "alpha three"}
        assert set(await nearest(store, axis(1))) == {f"alpha two {writes - 1}", "alpha three"}

    async def test_both_searches_are_those_by_words_and_by_vector(self, store: Store) -> None:
        await put(store, *(make_file(f"{number}.py", f"alpha {number}") for number in range(20)))

        def work(view: View) -> None:
            both = view.search.both(["alpha", "7"], axis(1), EVERYTHING, 5)
            assert both[0] == view.search.lexical(["alpha", "7"], EVERYTHING, 5)
            assert both[1] == view.search.vector(axis(1), EVERYTHING, 5)
            assert len(both[0]) == len(both[1]) == 5

        await store.read(work)

    async def test_reads_run_in_threads_and_many_at_once(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha"))
        loops = threading.get_ident()

        def work(view: View) -> list[int]:
            assert threading.get_ident() != loops
            return [hit.row for _ in range(3) for hit in view.search.lexical(["alpha"], EVERYTHING, MANY)]

        found = await asyncio.gather(*(store.read(work) for _ in range(40)))
        assert {len(set(rows)) for rows in found} == {1}

    async def test_what_a_read_raises_is_raised(self, store: Store) -> None:
        def fail(view: View) -> None:
            view.search.statistics()
            raise KeyError("mine")

        for _ in range(30):
            with pytest.raises(KeyError, match="mine"):
                await store.read(fail)
        assert await find(store, "alpha") == []

    async def test_what_runs_when_a_store_is_closed_ends_first(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha"))
        begun, over = threading.Event(), threading.Event()

        def work(view: View) -> int:
            begun.set()
            assert over.wait(PATIENCE)
            return len(view.search.lexical(["alpha"], EVERYTHING, MANY))

        reading = asyncio.create_task(store.read(work))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0.1)
        over.set()
        assert await reading == 1
        await closing


def _everything(view: View) -> list[object]:
    """Return what a view says of the index, except how many bytes it takes."""
    chunks = [(hit, view.search.fetch_chunks([hit.row])) for hit in view.search.lexical(["alpha"], EVERYTHING, MANY)]
    counts = view.search.statistics()
    return [
        chunks,
        view.search.vector(axis(1), EVERYTHING, MANY),
        view.search.both(["alpha"], axis(1), EVERYTHING, MANY),
        view.search.find_files(["a.py", "b.py"]),
        (counts.files, counts.chunks, counts.languages),
        view.graph.rows_at([("a.py", 1), ("b.py", 1)]),
    ]
