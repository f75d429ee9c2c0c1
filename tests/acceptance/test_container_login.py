"""The server of setup's container logs in as a role of the project's own; its superuser is for `agent-brain db`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent_brain_contract.consent import files_digest, require_record, save_record
from agent_brain_contract.container import project_role
from agent_brain_contract.envfile import read_env
from agent_brain_contract.identity import read_id
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import schema
from agent_brain_wizard.facts.probe import sha256
from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port
from support.consent import accept_changes
from support.docker import composed_database, require_docker
from support.postgres import DatabaseServer

ENV, CONFIG, COMPOSE = ".env.agent-brain", ".claude/agent-brain/config.yaml", ".claude/agent-brain/docker-compose.yml"
MANIFEST = ".claude/agent-brain/manifest.json"
QUESTION = "how long to wait before a failed request is sent again"
SESSIONS = """
SELECT DISTINCT usename, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
FROM pg_stat_activity JOIN pg_roles ON rolname = usename WHERE application_name = 'agent-brain'
"""
OWNED = "SELECT relname FROM pg_class WHERE relowner = '{}'::regrole AND relpersistence <> 't'"
OTHERS = """
INSERT INTO agent_brain.projects
SELECT (jsonb_populate_record(p, '{"project_id": "another-project"}')).* FROM agent_brain.projects AS p
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@contextmanager
def set_up(root: Path) -> Iterator[CliProject]:
    """A project whose settings name a container that does not run."""
    with cli_project(root) as made:
        for name in ("DATABASE_URL", "POSTGRES_PASSWORD"):
            made.environment.pop(name, None)
        made.write({"net/retry.py": RETRY_SOURCE})
        flags = ("--no-watch", "--port", str(free_port()), "--postgres-port", str(free_port()))
        made.ok("setup", "--yes", "--no-verify", "--storage", "postgres-docker", *flags)
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    require_docker()
    with set_up(tmp_path / "mein Laden") as made, composed_database(made.root):
        yield made
        made.run("stop")


def role_of(project: CliProject) -> str:
    return project_role("agent_brain", read_id(project.root))


def superuser(project: CliProject) -> DatabaseServer:
    """The container's own; an older setup gave it the server's password."""
    secrets = read_env(project.root / ENV)
    port = project.json("db", "status")["port"]
    password = secrets.get("POSTGRES_SUPERUSER_PASSWORD") or secrets["POSTGRES_PASSWORD"]
    return DatabaseServer(PostgresConfig(port=port, password=password))


def sessions(project: CliProject) -> list[tuple[Any, ...]]:
    """Who is logged in for the server, and whether that one may do more than to read and write."""
    return superuser(project).psql(SESSIONS)


def finds(project: CliProject) -> list[str]:
    return [one["path"] for one in project.json("search", QUESTION)["results"]]


def assert_bound(project: CliProject) -> None:
    """The project is served, by a role that owns nothing."""
    assert finds(project)[0] == "net/retry.py"
    role = role_of(project)
    assert sessions(project) == [(role, False)]
    assert superuser(project).psql(OWNED.format(role)) == []


def make_older(project: CliProject) -> None:
    """Leave what a setup wrote before the server had a role: one password, and the superuser as the server's login."""
    secrets = read_env(project.root / ENV)
    changes = {
        CONFIG: (f"user: {role_of(project)}", "user: agent_brain"),
        COMPOSE: ("${POSTGRES_SUPERUSER_PASSWORD:", "${POSTGRES_PASSWORD:"),
        ENV: (f"POSTGRES_SUPERUSER_PASSWORD={secrets['POSTGRES_SUPERUSER_PASSWORD']}\n", ""),
    }
    manifest = json.loads((project.root / MANIFEST).read_bytes())
    for path, (new, old) in changes.items():
        before = (project.root / path).read_text()
        assert new in before
        (project.root / path).write_text(before.replace(new, old))
        manifest["files"][path] = sha256((project.root / path).read_bytes())
    (project.root / MANIFEST).write_text(json.dumps(manifest))
    save_record(project.root, replace(require_record(project.root), accepted={}))
    accept_changes(project.root)
    save_record(project.root, replace(require_record(project.root), checked=files_digest(project.root)))


def finding(project: CliProject) -> dict[str, str]:
    found = json.loads(project.run("doctor", "--json").stdout)["findings"]
    return next(one for one in found if one["id"] == "login")


def test_the_server_is_bound_to_its_project(project: CliProject) -> None:
    project.is_forked = False  # the server's environment is looked at
    project.ok("db", "up")
    project.ok("index", "--wait")
    assert_bound(project)
    assert finding(project)["state"] == "ok"
    owner = superuser(project)
    owner.psql(OTHERS)
    as_server = DatabaseServer(
        owner.config.model_copy(update={"user": role_of(project)}).with_password(
            read_env(project.root / ENV)["POSTGRES_PASSWORD"]
        )
    )
    seen = "SELECT project_id FROM agent_brain.projects, set_config('agent_brain.{}', '{}', FALSE)"
    assert as_server.psql(seen.format("project_id", read_id(project.root))) in ([(read_id(project.root),)], [])
    for setting in (("project_id", "another-project"), ("all_projects", "on")):
        assert as_server.psql(seen.format(*setting)) == []

    secrets = read_env(project.root / ENV)
    pid = json.loads(project.server_file.read_text())["pid"]
    for place in ("environ", "cmdline"):
        held = Path(f"/proc/{pid}/{place}").read_bytes()
        assert not any(secrets[name].encode() in held for name in secrets if name.startswith("POSTGRES_"))
    assert len({secrets["POSTGRES_PASSWORD"], secrets["POSTGRES_SUPERUSER_PASSWORD"]}) == 2


def test_an_older_setup_is_served_and_upgraded(project: CliProject) -> None:
    make_older(project)
    project.ok("db", "up")
    project.ok("index", "--wait")
    assert finds(project)[0] == "net/retry.py"
    assert sessions(project) == [("agent_brain", True)]
    found = finding(project)
    assert found["state"] == "warn"
    assert found["fix"] == "agent-brain setup --yes && agent-brain restart"
    backup = project.root.parent / "older.backup"
    project.ok("db", "backup", str(backup))

    project.follow(found["fix"])
    assert_bound(project)
    assert len(project.json("jobs")["jobs"]) == 1, "nothing was indexed again"
    assert finding(project)["state"] == "ok"
    assert project.ok("setup", "--yes") == "Nothing to change.\n"

    project.ok("stop")
    project.ok("db", "restore", str(backup), "--yes")
    assert_bound(project)


def test_an_older_setup_that_was_moved_is_upgraded_without_a_question(tmp_path: Path) -> None:
    with set_up(tmp_path / "before") as before:
        make_older(before)
        moved = CliProject(before.root.rename(tmp_path / "after"), before.environment)
        moved.ok("setup", "--yes")
        assert finding(moved)["state"] == "ok"


def test_tables_of_an_older_version_are_prepared_by_a_start(project: CliProject) -> None:
    project.ok("db", "up")
    server = superuser(project)
    server.psql("DROP SCHEMA agent_brain CASCADE")
    server.psql("CREATE SCHEMA agent_brain")
    for version in (1, 2):
        for statement in schema.split_statements(schema.migrations()[version]):
            project.ok("db", "psql", "-c", f"SET search_path = agent_brain, public; {statement}")
    server.psql("UPDATE agent_brain.meta SET schema_version = 2")
    worker = project.run("worker", "--once")
    assert worker.returncode != 0
    assert "if setup made its container: agent-brain db up" in worker.stderr
    project.ok("index", "--wait")
    assert_bound(project)


def test_a_backup_that_holds_no_rights_is_served_in_a_new_container(project: CliProject) -> None:
    project.ok("db", "up")
    project.ok("index", "--wait")
    backup = project.root.parent / "shop.backup"
    project.ok("db", "backup", str(backup))
    project.ok("stop")
    project.ok("db", "down", "--purge", "--yes")
    project.ok("db", "up")
    project.ok("db", "restore", str(backup), "--yes")
    assert_bound(project)


def test_lost_passwords_are_made_again(project: CliProject) -> None:
    project.ok("db", "up")
    project.ok("index", "--wait")
    project.ok("stop")
    (project.root / ENV).unlink()
    project.ok("setup", "--yes")
    assert project.run("start").stderr.endswith(". If setup made the database's container, run: agent-brain db up\n")
    project.ok("db", "up")
    assert_bound(project)


def test_a_copied_project_gets_a_role_of_its_own(project: CliProject) -> None:
    project.ok("db", "up")
    project.ok("index", "--wait")
    copied = CliProject(project.root.parent / "copy", project.environment)
    shutil.copytree(project.root, copied.root)
    assert (
        "if setup made its container: agent-brain setup --yes, then agent-brain db up"
        in copied.run("start", "--port", "auto").stderr
    )
    copied.ok("setup", "--yes")
    copied.ok("db", "up")
    copied.ok("index", "--wait")
    try:
        assert finds(copied)[0] == "net/retry.py"
        assert sorted(sessions(copied)) == sorted((role_of(one), False) for one in (project, copied))
    finally:
        copied.run("stop")


def test_an_index_is_copied_into_the_container(project: CliProject) -> None:
    project.ok("db", "up")
    elsewhere = "sqlite:///.claude/agent-brain/index.db"
    project.ok("index", "--wait", AGENT_BRAIN_STORAGE_URL=elsewhere)
    project.ok("stop")
    project.ok("storage", "copy", "--from", elsewhere)
    assert project.json("storage", "verify", "--from", elsewhere)["equal"]
    assert_bound(project)
