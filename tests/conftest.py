"""What all tests share: a PostgreSQL server, started when the first test asks for it."""

from __future__ import annotations

import pytest

from support.postgres import own_server, postgres_url, session_server, shared_postgres_url

__all__ = ["own_server", "postgres_url", "session_server", "shared_postgres_url"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use a server are marked `postgres`."""
    for item in items:
        if not {"session_server", "own_server"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.postgres)
