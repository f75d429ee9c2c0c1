"""An empty variable in the environment is none: it hides no value of the project's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from support.brain import ServerProcess, configure, write_files
from support.consent import accept
from support.postgres import DatabaseServer

EMPTY = {"POSTGRES_PASSWORD": "", "DATABASE_URL": ""}
SOURCE = "def schedule_retry(delay):\n    return delay * 2\n"


def serves_from(root: Path, url: str) -> None:
    """The server of `root` logs in and keeps its index in the database at `url`."""
    accept(root)
    write_files(root, {"retry.py": SOURCE})
    with ServerProcess(root, EMPTY) as server:
        server.index()
        found = server.http.post("/query", json={"query": "schedule retry", "mode": "bm25"}).json()["results"]
        assert [one["path"] for one in found] == ["retry.py"]
    rows = DatabaseServer(PostgresConfig.from_url(url)).psql("SELECT path FROM agent_brain.files ORDER BY path")
    assert ("retry.py",) in rows


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def test_an_empty_password_hides_none_of_the_file(root: Path, postgres_url: str) -> None:
    config = PostgresConfig.from_url(postgres_url)
    configure(root, storage={"url": config.with_password("").url()})
    with (root / ".env.agent-brain").open("a") as file:
        file.write(f"POSTGRES_PASSWORD='{config.password.get_secret_value()}'\n")
    serves_from(root, postgres_url)


def test_an_empty_database_url_hides_none_of_the_file(root: Path, postgres_url: str) -> None:
    configure(root, storage={"postgres": {"host": "127.0.0.1", "port": 9, "database": "elsewhere"}})
    with (root / ".env.agent-brain").open("a") as file:
        file.write(f"DATABASE_URL='{postgres_url}'\n")
    serves_from(root, postgres_url)
