"""The contract on PostgreSQL, nearly every test in a project of its own within one database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.postgres.roles import grant
from agent_brain_server.storage.protocol import Store
from storage.building import MODEL, TOKENIZER
from storage.contract import StoreContract
from storage.contract_setting import MakeStore
from support.postgres import DatabaseServer


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


def owned_by_another(url: str) -> str:
    """Return the URL of an ordinary role that may make the tables in this empty database."""
    superuser = PostgresConfig.from_url(url)
    server = DatabaseServer(superuser)
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'ordinary'"):
        server.psql("CREATE ROLE ordinary LOGIN CREATEROLE PASSWORD 'x'")
    server.psql("CREATE EXTENSION vector")
    server.psql(f"GRANT CREATE ON DATABASE {superuser.database} TO ordinary")
    return superuser.model_copy(update={"user": "ordinary"}).with_password("x").url()


@pytest.fixture(scope="module")
def shared_owned_url(session_server: DatabaseServer) -> Iterator[str]:
    with session_server.database() as name:
        yield owned_by_another(session_server.url(name))


class TestPostgresStoreOfAnOwner(TestPostgresStore):
    """A role that owns the tables and is no superuser: row level security is forced on it."""

    @pytest.fixture
    def url(self, request: pytest.FixtureRequest) -> str:
        if request.node.get_closest_marker("own_database"):
            return owned_by_another(request.getfixturevalue("postgres_url"))
        return str(request.getfixturevalue("shared_owned_url"))


class TestPostgresStoreOfAProject(TestPostgresStoreOfAnOwner):
    """The role of one project, which owns nothing."""

    @pytest.fixture
    async def make_store(self, tmp_path: Path, url: str) -> MakeStore:
        granted = (await grant(PostgresConfig.from_url(url), location_id(tmp_path))).url()

        def make(model: EmbeddingModel = MODEL, tokenizer: str = TOKENIZER, *, discard: bool = False) -> Store:
            return create_store(granted, tmp_path, model, tokenizer, discard=discard)

        return make
