"""Work that runs in a reader's thread, beside the index."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from agent_brain_server.domain.search import Hits
from agent_brain_server.errors import StorageError
from agent_brain_server.services.off_loop import off_loop
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.sqlite import store as sqlite_store
from storage.building import EVERYTHING, MODEL, TOKENIZER, axis, find, make_file, put


async def test_all_of_it_runs_in_one_thread(tmp_path: Path) -> None:
    store = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
    await store.open()
    await put(store, make_file("a.py", "alpha"))
    threads: set[str] = set()

    async def read() -> list[str]:
        threads.add(threading.current_thread().name)
        threads.add(await off_loop(lambda: threading.current_thread().name))
        return await find(store, "alpha")

    async def work() -> list[list[str]]:
        return [await read(), await read()]

    assert await store.beside(work) == [["alpha"], ["alpha"]]
    assert len(threads) == 1
    assert threads != {threading.current_thread().name}
    await store.close()
    with pytest.raises(StorageError, match="not open"):
        await store.beside(work)


async def test_both_searches_at_once_are_both_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
    await store.open()
    await put(store, *(make_file(f"{number}.py", f"alpha {number}") for number in range(20)))

    async def both() -> tuple[Hits, Hits]:
        return await store.search_both(["alpha", "7"], axis(1), EVERYTHING, 5)

    expected = await both()
    assert expected == (
        await store.search_lexical(["alpha", "7"], EVERYTHING, 5),
        await store.search_vector(axis(1), EVERYTHING, 5),
    )
    monkeypatch.setattr(sqlite_store, "LARGE", 0)
    assert await both() == expected
    # Far more at once than there are readers, each of which hands half of its work to another one.
    assert await asyncio.gather(*(store.beside(both) for _ in range(40))) == [expected] * 40
    await store.close()


async def test_waiting_for_something_else_is_refused(tmp_path: Path) -> None:
    store = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
    await store.open()

    async def wait() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waits for something else"):
        await store.beside(wait)
    await store.close()
