"""A password that the environment sets for another program, and one that Compose would read otherwise than we do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_wizard.database.service import compose_environment
from support.brain import configure
from support.postgres import DatabaseServer


@pytest.mark.parametrize("exported", [True, False])
def test_the_place_of_a_refused_password_is_named(
    session_server: DatabaseServer, tmp_path: Path, exported: bool
) -> None:
    config = PostgresConfig.from_url(session_server.url("postgres"))
    bare = PostgresConfig.model_validate({**config.model_dump(), "password": ""})
    root = tmp_path / "project"
    root.mkdir()
    configure(root)
    environment = {**os.environ, "AGENT_BRAIN_STORAGE_URL": bare.url()}
    environment.pop("POSTGRES_PASSWORD", None)
    if exported:
        environment["POSTGRES_PASSWORD"] = "of-another-program"
    else:
        with (root / ".env.agent-brain").open("a") as file:
            file.write("POSTGRES_PASSWORD=mistyped-here\n")
    command = [sys.executable, "-m", "agent_brain_server", "--project", str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "refuses the login" in done.stderr
    assert ("unset POSTGRES_PASSWORD; agent-brain restart" in done.stderr) == exported
    assert ("correct POSTGRES_PASSWORD in .env.agent-brain" in done.stderr) == (not exported)
    assert "of-another-program" not in done.stderr


def test_compose_gets_each_password_as_we_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "of-another-program")
    (tmp_path / ".env.agent-brain").write_text(
        "POSTGRES_PASSWORD=pa$HOME$$x\nPOSTGRES_SUPERUSER_PASSWORD='${HOME} and \"more\"'\n"
    )
    environment = compose_environment(tmp_path)
    assert environment["POSTGRES_PASSWORD"] == "pa$HOME$$x"
    assert environment["POSTGRES_SUPERUSER_PASSWORD"] == '${HOME} and "more"'
    assert environment["PGADMIN_PASSWORD"] == "-"
