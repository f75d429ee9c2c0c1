"""Promises of `WriteLease`, and of the database behind a store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.jobs import Progress
from agent_brain_server.errors import WriterElsewhereError
from agent_brain_server.storage.protocol import Store
from storage.building import (
    EVERYTHING,
    axis,
    find,
    lexical_hits,
    list_files,
    make_file,
    make_record,
    nearest,
    put,
    vector_hits,
    vectors_of,
)
from storage.contract_setting import ContractSetting, MakeStore


class LeaseContract(ContractSetting):
    @pytest.fixture
    async def other(self, store: Store, make_store: MakeStore) -> AsyncIterator[Store]:
        """Another process's store of the same project."""
        if not store.lease.shared:
            pytest.skip("this backend belongs to one process")
        opened = make_store()
        await opened.open()
        yield opened
        await opened.close()

    async def test_the_lease_is_taken_kept_and_given_back(self, store: Store) -> None:
        await store.lease.release()
        for _ in range(2):
            assert await store.lease.acquire() is True
            assert await store.lease.acquire() is True
            assert await store.lease.renew() is True
            await put(store, make_file("a.py", "text"))
            await store.lease.release()
            await store.lease.release()
        assert await store.lease.renew() is not store.lease.shared

    async def test_writing_needs_no_lease_while_it_is_free(self, store: Store) -> None:
        await put(store, make_file("a.py", "text"))
        assert await find(store, "text") == ["text"]

    async def test_one_process_holds_the_lease_at_a_time(self, store: Store, other: Store) -> None:
        assert await store.lease.acquire() is True
        assert await other.lease.acquire() is False
        assert await other.lease.renew() is False
        await other.lease.release()
        assert await other.lease.acquire() is False
        await store.lease.release()
        assert await other.lease.acquire() is True
        assert await store.lease.renew() is False
        assert await store.lease.acquire() is False

    async def test_a_store_that_closes_gives_the_lease_back(self, store: Store, other: Store) -> None:
        assert await other.lease.acquire() is True
        await other.close()
        assert await store.lease.acquire() is True

    async def test_no_other_process_writes_the_index_meanwhile(self, store: Store, other: Store) -> None:
        await store.folders.save(Folder("src"))
        await put(store, make_file("a.py", "kept"))
        assert await store.lease.acquire() is True
        file = make_file("b.py", "foreign")
        for write in (
            lambda: other.index.upsert_chunks([file], vectors_of([file])),
            lambda: other.index.refresh_files([make_record("a.py", "foreign")]),
            lambda: other.index.remove_files(["a.py"]),
            lambda: other.folders.remove("src"),
            other.index.drop_unused_vectors,
            other.index.reset,
        ):
            with pytest.raises(WriterElsewhereError):
                await write()
        assert await find(store, "kept foreign") == ["kept"]
        assert await list_files(store) == {"a.py": make_file("a.py", "kept").record}
        assert await store.folders.list_all() == [Folder("src")]
        await put(store, make_file("c.py", "own"))

    async def test_reading_folders_and_jobs_need_no_lease(self, store: Store, other: Store) -> None:
        await put(store, make_file("a.py", "text"))
        assert await store.lease.acquire() is True
        assert await find(other, "text") == ["text"]
        await other.folders.save(Folder("src"))
        assert await store.folders.list_all() == [Folder("src")]
        job = await other.jobs.add([], force=False, now=1.0)
        claimed = await store.jobs.claim(2.0)
        assert claimed is not None
        assert claimed.id == job.id
        await other.jobs.finish(job.id, "cancelled", "", Progress(), 3.0)
        assert await store.jobs.save_progress(job.id, Progress(files_done=1)) is False

    async def test_settling_changes_no_answer(self, store: Store) -> None:
        await store.index.optimize()
        await put(store, make_file("a.py", "one word", "two words"), make_file("b.py", "no more"))
        before = await find(store, "word words"), await nearest(store, axis(1))
        for _ in range(2):
            await store.index.optimize()
            assert (await find(store, "word words"), await nearest(store, axis(1))) == before
        await put(store, make_file("c.py", "word again"))
        assert "word again" in await find(store, "word")
        assert "word again" in await nearest(store, axis(1))

    async def test_a_search_says_how_it_went(self, store: Store) -> None:
        await put(store, make_file("a.py", "text"))
        assert (await lexical_hits(store, ["text"], EVERYTHING, 5)).strategy
        assert (await vector_hits(store, axis(1), EVERYTHING, 5)).strategy
        assert (await lexical_hits(store, [], EVERYTHING, 5)).strategy == ""

    async def test_a_database_server_says_how_it_is(self, store: Store) -> None:
        health = await store.database_health()
        assert (health is not None) is store.lease.shared
        if health is not None:
            assert (health.healthy, health.detail) == (True, "")
            assert health.server_version
            assert health.pgvector_version
            assert 0 < health.pool_size <= health.pool_max
            assert min(health.in_use, health.idle, health.overflow, health.waiters) >= 0
            assert health.in_use + health.idle <= health.pool_max
            assert health.latency_ms > 0
