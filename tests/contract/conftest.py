"""Every scenario here runs over HTTP on every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.brain import Brain, configure

BACKENDS = {"sqlite": "sqlite:///.claude/agent-brain/index.db", "memory": "memory://"}


@pytest.fixture(scope="module", params=[*BACKENDS, pytest.param("postgres", marks=pytest.mark.postgres)])
def storage_url(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("shared_postgres_url"))
    return BACKENDS[request.param]


@pytest.fixture(scope="module")
async def read_only(storage_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Brain]:
    """Yield one server for all the tests of a module that leave its index as it is."""
    project = tmp_path_factory.mktemp("read only")
    configure(project, storage={"url": storage_url})
    async with Brain(project) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path, storage_url: str) -> Path:
    project = tmp_path / "ein Projekt ü"
    project.mkdir()
    configure(project, storage={"url": storage_url})
    return project


@pytest.fixture
async def brain(root: Path) -> AsyncIterator[Brain]:
    async with Brain(root) as running:
        yield running


@pytest.fixture
def survives(storage_url: str) -> bool:
    """Return whether the index outlives the server: after a restart a memory store is empty and indexed again."""
    return not storage_url.startswith("memory")
