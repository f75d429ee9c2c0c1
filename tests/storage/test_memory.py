"""The contract on the reference in memory."""

from __future__ import annotations

from typing import ClassVar

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER
from storage.contract import StoreContract
from storage.contract_setting import MakeStore


class TestMemoryStore(StoreContract):
    persistent: ClassVar[bool] = False

    @pytest.fixture
    def make_store(self) -> MakeStore:
        def make(model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False) -> Store:
            return MemoryStore(model, tokenizer)

        return make
