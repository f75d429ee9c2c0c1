"""Reads of SQLite: in the threads of its readers, with the product of a large matrix in another thread meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.domain.hits import Filters, Hits
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.sqlite import full_text, nearest
from agent_brain_server.storage.view import View
from storage.building import EVERYTHING, axis, make_file, put
from storage.sqlite_index import store_in


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = store_in(tmp_path)
    await opened.open()
    await put(opened, *(make_file(f"{number}.py", f"alpha {number}") for number in range(20)))
    yield opened
    await opened.close()


async def test_a_read_runs_in_one_thread_of_a_reader(store: Store) -> None:
    assert (await store.read(lambda view: threading.current_thread().name)).startswith("index-reader")


async def test_a_closed_index_is_not_read(store: Store) -> None:
    await store.close()
    with pytest.raises(StorageError, match="not open"):
        await store.read(lambda view: view.search.statistics())


@pytest.mark.parametrize(
    "filters", [EVERYTHING, Filters(languages=("python",)), Filters(languages=("go",)), Filters(paths=("1*.py",))]
)
async def test_both_searches_at_once_are_both_searches(
    store: Store, monkeypatch: pytest.MonkeyPatch, filters: Filters
) -> None:
    monkeypatch.setattr(full_text, "FIRST_LOOK", 15)

    def both(view: View) -> tuple[Hits, Hits]:
        return view.search.both(["alpha", "7"], axis(1), filters, 5)

    expected = await store.read(both)
    assert expected == await store.read(
        lambda view: (view.search.lexical(["alpha", "7"], filters, 5), view.search.vector(axis(1), filters, 5))
    )
    monkeypatch.setattr(nearest, "LARGE", 0)
    # Far more at once than there are threads for the products.
    assert await asyncio.gather(*(store.read(both) for _ in range(40))) == [expected] * 40
