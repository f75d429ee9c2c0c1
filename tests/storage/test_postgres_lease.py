"""The lease on PostgreSQL: its clock decides who writes a project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from agent_brain_server.errors import WriterElsewhereError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.store import PostgresStore
from storage.building import MODEL, TOKENIZER, find, make_file, put

SHORT_SECONDS = 0.2


class Stores:
    """Opens stores of one database, each as another process would."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._config = PostgresConfig.from_url(url)
        self._stack = stack

    async def open(self, project: str = "0" * 16, lease_seconds: float = 30.0) -> PostgresStore:
        store = PostgresStore(self._config, project, MODEL, TOKENIZER, lease_seconds=lease_seconds)
        self._stack.push_async_callback(store.close)
        await store.open()
        return store


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        yield Stores(postgres_url, stack)


async def test_a_lease_that_is_not_renewed_is_taken_over(stores: Stores) -> None:
    dead, heir = await stores.open(lease_seconds=SHORT_SECONDS), await stores.open()
    assert await dead.lease.acquire() is True
    async with asyncio.timeout(20):
        while not await heir.lease.acquire():
            await asyncio.sleep(0.02)
    with pytest.raises(WriterElsewhereError):
        await put(dead, make_file("a.py", "too late"))
    assert await dead.lease.renew() is False
    await put(heir, make_file("a.py", "in time"))
    assert await find(dead, "late time") == ["in time"]


async def test_a_lease_that_is_renewed_is_kept(stores: Stores) -> None:
    writer, other = await stores.open(lease_seconds=SHORT_SECONDS), await stores.open()
    assert await writer.lease.acquire() is True
    for _ in range(20):
        await asyncio.sleep(SHORT_SECONDS / 4)
        assert await writer.lease.renew() is True
        assert await other.lease.acquire() is False


async def test_a_lease_that_ran_out_unnoticed_is_still_ours(stores: Stores) -> None:
    writer = await stores.open(lease_seconds=SHORT_SECONDS)
    assert await writer.lease.acquire() is True
    await asyncio.sleep(2 * SHORT_SECONDS)
    await put(writer, make_file("a.py", "text"))
    assert await writer.lease.renew() is True


async def test_one_of_many_gets_it(stores: Stores) -> None:
    crowd = [await stores.open() for _ in range(8)]
    for _ in range(5):
        taken = await asyncio.gather(*[store.lease.acquire() for store in crowd])
        assert sum(taken) == 1
        await crowd[taken.index(True)].lease.release()


async def test_two_projects_are_written_at_the_same_time(stores: Stores) -> None:
    one, two = await stores.open("1" * 16), await stores.open("2" * 16)
    assert await one.lease.acquire() is True
    assert await two.lease.acquire() is True
    await asyncio.gather(
        *[put(one, make_file(f"{number}.py", "of one")) for number in range(5)],
        *[put(two, make_file(f"{number}.py", "of two")) for number in range(5)],
    )
    assert await find(one, "of") == ["of one"] * 5
    assert await find(two, "of") == ["of two"] * 5


async def test_a_batch_under_way_delays_no_process(stores: Stores) -> None:
    """A process that asks while the writer is in a transaction gets its answer at once: not now."""
    writer, other = await stores.open(), await stores.open()
    assert await writer.lease.acquire() is True
    writing = asyncio.create_task(put(writer, make_file("a.py", *[f"chunk {number}" for number in range(500)])))
    answers = []
    while not writing.done():
        answers.append(await other.lease.acquire())
        await asyncio.sleep(0)
    await writing
    assert set(answers) <= {False}
