"""The contract on PostgreSQL, nearly every test in a project of its own within one database."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER
from storage.contract import StoreContract
from storage.contract_setting import MakeStore


@pytest.mark.postgres
class TestPostgresStore(StoreContract):
    @pytest.fixture
    def url(self, request: pytest.FixtureRequest) -> str:
        own = request.node.get_closest_marker("own_database")
        return str(request.getfixturevalue("postgres_url" if own else "shared_postgres_url"))

    @pytest.fixture
    def make_store(self, tmp_path: Path, url: str) -> MakeStore:
        def make(model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False) -> Store:
            return create_store(url, tmp_path, model, tokenizer, discard=discard)

        return make
