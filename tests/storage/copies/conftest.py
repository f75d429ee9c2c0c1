"""Where an index is copied from and to."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.copying import FIRST, SECOND, fill, opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "ein Projekt ü"
    directory.mkdir()
    return directory


@pytest.fixture
async def source(root: Path) -> str:
    """Return the URL of an index with something of everything."""
    async with opened(FIRST, root) as store:
        await fill(store)
    return FIRST


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def target(request: pytest.FixtureRequest) -> str:
    return SECOND if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
