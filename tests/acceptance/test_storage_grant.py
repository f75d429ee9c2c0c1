"""`agent-brain storage grant`: the owner makes a role for a project, and a server that is given its URL serves it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_contract.identity import read_id
from agent_brain_server.settings.postgres import PostgresConfig
from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port
from support.postgres import DatabaseServer

QUESTION = "how long to wait before a request is sent again"


@pytest.fixture
def owner(session_server: DatabaseServer, postgres_url: str) -> Iterator[PostgresConfig]:
    """An ordinary role that may make tables and roles."""
    config = PostgresConfig.from_url(postgres_url)
    role = f"{config.database}_owner"
    session_server.psql(f"CREATE ROLE {role} LOGIN CREATEROLE PASSWORD 'x'")
    session_server.psql(f"GRANT CREATE ON DATABASE {config.database} TO {role}")
    session_server.psql("CREATE EXTENSION vector", config.database)
    yield config.model_copy(update={"user": role}).with_password("x")
    session_server.psql(f"DROP OWNED BY {role} CASCADE", config.database)
    session_server.psql(f"DROP ROLE {role}")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden") as made:
        made.write({"src/retry.py": RETRY_SOURCE})
        made.ok("setup", "--yes", "--port", str(free_port()), "--no-watch")
        yield made
        made.run("stop")


def use(project: CliProject, url: str) -> None:
    """As a person does it who was handed the URL."""
    answers = project.root.parent / "answers.json"
    answers.write_text(json.dumps({"storage": "postgres", "storage_url": url}))
    project.ok("setup", "--answers", str(answers))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_project_is_served_with_the_url_that_was_granted(
    project: CliProject, owner: PostgresConfig, session_server: DatabaseServer
) -> None:
    as_owner = {"AGENT_BRAIN_OWNER_URL": owner.url()}
    done = project.run("storage", "grant", **as_owner)
    assert done.returncode == 0, done.stderr
    url = done.stdout.strip()
    granted = PostgresConfig.from_url(url)
    assert granted.password.get_secret_value() not in done.stderr
    assert f"reads and writes the project {read_id(project.root)} only" in done.stderr
    use(project, url)
    project.ok("index", "--wait")
    assert project.json("search", QUESTION)["results"][0]["path"] == "src/retry.py"
    project.ok("stop")

    answer = json.loads(project.ok("storage", "grant", "--json", **as_owner))
    assert answer["role"] == granted.user
    assert "refuses the login" in project.run("search", QUESTION).stderr
    use(project, answer["url"])
    assert project.json("search", QUESTION)["results"][0]["path"] == "src/retry.py"
    project.ok("stop")

    other = json.loads(project.ok("storage", "grant", "--project-id", "another-project_1", "--json", **as_owner))
    assert (other["project_id"], other["role"] == answer["role"]) == ("another-project_1", False)
    use(project, other["url"])
    assert "may not use the project" in project.run("start").stderr

    for expected in (True, False):
        for named in ("another-project_1", read_id(project.root)):
            revoked = json.loads(
                project.ok("storage", "grant", "--revoke", "--project-id", named, "--json", **as_owner)
            )
            assert revoked["revoked"] is expected
    assert session_server.psql(f"SELECT 1 FROM pg_roles WHERE rolname IN ('{granted.user}', '{other['role']}')") == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_owners_url_is_asked_for(project: CliProject, owner: PostgresConfig) -> None:
    """Each refusal names what to do."""
    done = project.run("storage", "grant")
    assert (done.returncode, "Only PostgreSQL has owners and roles" in done.stderr) == (2, True)
    as_owner = {"AGENT_BRAIN_OWNER_URL": owner.url()}
    done = project.run("storage", "grant", "--project-id", "no/id", **as_owner)
    assert (done.returncode, "A project id has 1 to 64 letters" in done.stderr) == (2, True)
    assert project.run("storage", "copy", "--revoke").returncode == 2
    assert project.ok("storage", "prepare", **as_owner) == "The tables are ready for this version.\n"
    url = project.ok("storage", "grant", **as_owner).strip()
    done = project.run("storage", "grant", AGENT_BRAIN_OWNER_URL=url)
    assert (done.returncode, "does not own the tables" in done.stderr) == (1, True)
    project.ok("storage", "grant", "--revoke", **as_owner)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_role_says_who_leads_older_tables_to_this_version(
    project: CliProject, owner: PostgresConfig, session_server: DatabaseServer
) -> None:
    as_owner = {"AGENT_BRAIN_OWNER_URL": owner.url()}
    use(project, project.ok("storage", "grant", **as_owner).strip())
    session_server.psql("UPDATE agent_brain.meta SET schema_version = 2", owner.database)
    done = project.run("start")
    assert f"Set AGENT_BRAIN_OWNER_URL to the URL of their owner, {owner.user}" in done.stderr
    assert "agent-brain storage prepare" in done.stderr
    project.ok("storage", "grant", "--revoke", AGENT_BRAIN_OWNER_URL=session_server.url(owner.database))
