"""`agent-brain storage verify` after a copy to PostgreSQL as docs/storage.md has it: 0 for equal, 1 for different."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.postgres_config import PostgresConfig
from support.cli import cli_project
from support.postgres import DatabaseServer

WORDS = ("amber", "basil", "cedar", "dahlia", "ember", "fennel", "ginger", "hazel", "iris", "jasper", "kelp", "laurel",
         "maple", "nettle", "olive", "poppy", "quince", "rowan", "saffron", "thistle", "umber", "violet", "willow")  # fmt: skip
FILES, FUNCTIONS = 50, 100


def source(number: int) -> str:
    """Functions whose names share words, so that a question finds more than it needs by some of its words."""
    names = (f"{WORDS[n % 23]}_{WORDS[(n // 23 + 7) % 23]}_{n}" for n in range(number, FILES * FUNCTIONS, FILES))
    return "\n\n".join(f"def {name}(value):\n    total = value * 2\n    return total + value" for name in names) + "\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_equal_indexes_are_found_equal_and_others_are_not(tmp_path: Path, postgres_url: str) -> None:
    with cli_project(tmp_path / "project") as project:
        project.write({f"part{number}.py": source(number) for number in range(FILES)})
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
