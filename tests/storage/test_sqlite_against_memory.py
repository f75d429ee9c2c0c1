"""SQLite and the reference given the same operations answer alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.sqlite import full_text, vectors
from storage.against_memory import AgainstMemory
from storage.building import MODEL, TOKENIZER


class SqliteAgainstMemory(AgainstMemory):
    def make_store(self, directory: Path) -> Store:
        return create_store("sqlite:///index.db", directory, MODEL, TOKENIZER)


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few chunks are enough to grow, compact and batch the matrix and to exhaust a first look."""
    monkeypatch.setattr(vectors, "SMALLEST_CAPACITY", 2)
    monkeypatch.setattr(vectors, "BATCH", 3)
    monkeypatch.setattr(full_text, "FIRST_LOOK", 4)


TestBothStores = SqliteAgainstMemory.TestCase
TestBothStores.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
