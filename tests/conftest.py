"""What all tests share: a PostgreSQL server, started when the first test asks for it."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

from support.postgres import own_server, postgres_url, session_server, shared_postgres_url

__all__ = ["own_server", "postgres_url", "session_server", "shared_postgres_url"]


def pytest_configure(config: pytest.Config) -> None:
    """What the tests accept for their projects is kept apart from the person's own records."""
    if not hasattr(config, "workerinput"):
        os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="agent-brain-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The records go with the tests."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use a server are marked `postgres`."""
    for item in items:
        if not {"session_server", "own_server"}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.postgres)
