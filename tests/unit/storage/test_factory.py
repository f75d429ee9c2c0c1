"""Which URL gives which store, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import SettingsError
from agent_brain_server.storage.factory import create_store

MODEL = EmbeddingModel("m", 4)
ROOT = Path("/project")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///.claude/agent-brain/index.db", "sqlite /project/.claude/agent-brain/index.db"),
        ("sqlite:////var/lib/index.db", "sqlite /var/lib/index.db"),
        ("sqlite:///with%20space.db", "sqlite /project/with space.db"),
        ("memory://", "memory (nothing is kept)"),
    ],
)
def test_urls(url: str, expected: str) -> None:
    assert create_store(url, ROOT, MODEL, "1").describe() == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "index.db",
        "mysql://host/db",
        "sqlite://index.db",
        "sqlite:///",
        "sqlite:///folder/",
        "sqlite:///:memory:",
        "sqlite:///index.db?mode=ro",
        "sqlite:///a%00b",
        "memory://something",
    ],
)
def test_refused_urls(url: str) -> None:
    with pytest.raises(SettingsError, match=r"sqlite:///|memory://"):
        create_store(url, ROOT, MODEL, "1")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgresql_urls(scheme: str, tmp_path: Path) -> None:
    store = create_store(f"{scheme}://ada:hidden@db:6000/shop", tmp_path, MODEL, "1")
    assert "db:6000/shop" in store.describe()
    assert "hidden" not in store.describe()


@pytest.mark.parametrize("url", ["postgresql://u:hidden@db:x", "mysql://u:hidden@db", "u:hidden@db", "hidden@db"])
def test_a_refused_url_is_shown_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        create_store(url, ROOT, MODEL, "1")
    assert "hidden" not in str(caught.value)


def test_making_a_store_touches_no_file(tmp_path: Path) -> None:
    create_store("sqlite:///new/index.db", tmp_path, MODEL, "1")
    assert list(tmp_path.iterdir()) == []


OPEN_AND_SEARCH = """
import asyncio, sys
from pathlib import Path
from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.factory import create_store
async def main():
    store = create_store("sqlite:///index.db", Path(sys.argv[1]), EmbeddingModel("m", 4), "1")
    await store.open()
    await store.read(lambda view: view.search.lexical(["word"], Filters(), 10))
    await store.read(lambda view: view.search.statistics())
    await store.close()
asyncio.run(main())
print("numpy" in sys.modules)
"""


def test_numpy_is_not_imported_before_it_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", OPEN_AND_SEARCH, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
