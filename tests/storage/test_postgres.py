"""The contract on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER
from storage.contract import StoreContract
from storage.contract_setting import MakeStore


class TestPostgresStore(StoreContract):
    @pytest.fixture
    def make_store(self, tmp_path: Path, postgres_url: str) -> MakeStore:
        def make(model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False) -> Store:
            return create_store(postgres_url, tmp_path, model, tokenizer, discard=discard)

        return make
