"""What `doctor` names for a database that does not do: our own command where setup made its container."""

from __future__ import annotations

import pytest

from agent_brain_wizard.checks.finding import postgres_fix

AT = "PostgreSQL at 127.0.0.1:5433/agent_brain"
SETUP = "agent-brain setup"


@pytest.mark.parametrize(
    ("sentence", "in_docker", "fix"),
    [
        (f"{AT} does not answer (connection refused)", True, "agent-brain db up"),
        (f"{AT} does not answer (connection refused)", False, f"start it, or name another one: {SETUP}"),
        (f"{AT} refuses the login of app: correct it", True, "agent-brain db up && agent-brain restart"),
        (f"{AT} refuses the login of app: correct it", False, f"give the password that it takes: {SETUP}"),
        (f"{AT} refuses the login of app: the environment sets POSTGRES_PASSWORD", True, ""),
        (
            "app may not add pgvector to db:5432/x: let a superuser run there: CREATE EXTENSION vector",
            False,
            "let a superuser run in the database: CREATE EXTENSION vector",
        ),
        (f"{AT} has no space left", True, ""),
        ("the server at http://127.0.0.1:1 does not answer", True, ""),
    ],
)
def test_the_fix_fits_the_database(sentence: str, in_docker: bool, fix: str) -> None:
    assert postgres_fix(sentence, in_docker) == fix
