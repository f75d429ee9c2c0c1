"""A lease that no process can hold any more is not waited for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER
from support.postgres import DatabaseServer

PROGRAM = Path(__file__).with_name("holding_the_lease.py")


@pytest.fixture
async def store(postgres_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = create_store(postgres_url, tmp_path, MODEL, TOKENIZER)
    await opened.open()
    yield opened
    await opened.close()


async def test_the_lease_of_a_killed_process_is_free_at_once(store: Store, postgres_url: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, PROGRAM, postgres_url, tmp_path], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == "True\n"
            assert await store.lease.acquire() is False
        finally:
            other.kill()
    assert await store.lease.acquire() is True


@pytest.mark.parametrize("writer", ["another machine:1:aa", "copy", ""])
async def test_a_holder_elsewhere_is_believed_until_its_lease_ends(
    store: Store, postgres_url: str, writer: str
) -> None:
    database = DatabaseServer(PostgresConfig.from_url(postgres_url))
    hold = f"UPDATE agent_brain.index_state SET writer = '{writer}', writer_until = now() + interval"
    database.psql(f"{hold} '1 minute'")
    assert await store.lease.acquire() is False
    database.psql(f"{hold} '-1 second'")
    assert await store.lease.acquire() is True
