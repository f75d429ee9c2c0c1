"""`agent-brain storage verify` after a copy to PostgreSQL as docs/storage.md has it: 0 for equal, 1 for different."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from support.cli import cli_project
from support.postgres import DatabaseServer
from support.prepared import PARTS


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_equal_indexes_are_found_equal_and_others_are_not(tmp_path: Path, postgres_url: str) -> None:
    with cli_project(tmp_path / "project") as project:
        project.write(PARTS)
        project.set_up()
        project.ok("index", "--wait")
        project.ok("stop")
        other = {"AGENT_BRAIN_COPY_URL": postgres_url}
        project.ok("storage", "copy", **other)
        verified = project.run("storage", "verify", **other)
        assert verified.returncode == 0, verified.stdout
        assert "hold the same index" in verified.stdout
        database = DatabaseServer(PostgresConfig.from_url(postgres_url))
        database.psql("UPDATE agent_brain.chunks SET documentation = documentation || 'x' WHERE row = 5")
        verified = project.run("storage", "verify", **other)
        assert verified.returncode == 1
        assert "The tables differ: chunks." in verified.stderr
