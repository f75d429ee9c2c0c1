"""`agent-brain db` by fakes of Docker: what it refuses, and that no command line has a password."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_server.storage.postgres.schema import SCHEMA_VERSION
from agent_brain_wizard.database import backup
from support.cli import CliProject, cli_project, without_root_powers
from support.contained import contained_shop, passwords, refused
from support.docker import fake_command, fake_engine

ANSWERS_COMPOSE = 'case "$*" in "compose version"*) echo 2.40.1;; *) exec /bin/false;; esac'


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """A project whose settings name a container, for tests that leave it as it is."""
    with contained_shop(tmp_path_factory.mktemp("untouched") / "mein Laden", "--no-verify") as made:
        yield made


@pytest.mark.parametrize(
    "arguments",
    [
        ("db",),
        ("db", "sideways"),
        ("db", "up", "--purge"),
        ("db", "down", "FILE"),
        ("db", "backup"),
        ("db", "status", "--tail", "3"),
        ("db", "logs", "--tail", "-1"),
        ("db", "logs", "--follow", "--json"),
        ("db", "up", "-c", "SELECT 1"),
    ],
)
def test_what_does_not_go_together_is_refused(untouched: CliProject, arguments: tuple[str, ...]) -> None:
    assert "See: agent-brain db --help" in refused(untouched, *arguments, code=2) or "--json" in arguments


@pytest.mark.parametrize("action", [("up",), ("down",), ("backup", "x")])
def test_a_project_without_a_container_is_shown_how_to_get_one(tmp_path: Path, action: tuple[str, ...]) -> None:
    with cli_project(tmp_path / "shop") as other:
        assert "agent-brain setup --yes --storage postgres-docker" in refused(other, "db", *action, code=2)


def test_no_docker(untouched: CliProject, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refused(untouched, "db", "up", PATH=str(empty)).startswith("Docker is not installed. Install it: https://")


def with_docker(directory: Path, script: str) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    fake_command(directory, script)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


@pytest.mark.parametrize("action", ["up", "down", "status", "logs"])
def test_an_engine_that_does_not_run(untouched: CliProject, tmp_path: Path, action: str) -> None:
    path = with_docker(tmp_path / "bin", ANSWERS_COMPOSE)
    address = f"unix://{tmp_path}/nobody.sock"
    said = refused(untouched, "db", action, DOCKER_HOST=address, **path)
    assert said.startswith("Docker is installed but does not answer")
    assert "sudo systemctl start docker" in said


def test_no_compose(untouched: CliProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_docker(tmp_path / "bin", "exit 1")
    with fake_engine(monkeypatch) as engine:
        said = refused(untouched, "db", "up", DOCKER_HOST=f"unix://{engine.address}", **path)
    assert said == "Docker 28.2.1 has no Compose: install docker-compose-plugin."


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="file modes do not bind root")
def test_an_engine_that_is_not_for_this_user(untouched: CliProject, tmp_path: Path) -> None:
    path = with_docker(tmp_path / "bin", ANSWERS_COMPOSE)
    with socket.socket(socket.AF_UNIX) as locked:
        address = Path("/tmp") / f"agent-brain-{os.getpid()}.sock"
        locked.bind(str(address))
        try:
            address.chmod(0)
            environment = {"DOCKER_HOST": f"unix://{address}", **path}
            done = untouched.run("db", "up", prefix=without_root_powers(), **environment)
        finally:
            address.unlink()
    assert done.returncode == 1
    assert "sudo usermod -aG docker $USER" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_newest_schema_is_known() -> None:
    assert backup.SCHEMA_VERSION == SCHEMA_VERSION


def test_no_password_is_in_any_command_line(
    untouched: CliProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of `docker` is noted, and by itself the variable that would go before the file."""
    record, given, composition = tmp_path / "calls", tmp_path / "given", tmp_path / "composition"
    composition.write_text('{"name": "shop", "services": {"postgres": {"image": "pgvector/pgvector:pg16"}}}')
    path = with_docker(
        tmp_path / "bin",
        f'''echo "$@" >> "{record}"
        case "$*" in *" version"*) ;; *) echo "${{POSTGRES_PASSWORD:-unset}}" >> "{given}";; esac
        case "$*" in *config*) cat "{composition}";; *psql*) echo 160000;; esac''',
    )
    state = {"Status": "running", "StartedAt": "", "Health": {"Status": "healthy"}}
    facts = {"Id": "01", "Name": "/shop-1", "RestartCount": 0, "Config": {"Image": "x", "Tty": True}, "State": state}
    (tmp_path / "a.backup").write_bytes(b"PGDMP")
    with fake_engine(monkeypatch) as engine:
        engine.answers["/containers/json"] = (200, [{"Id": "01"}])
        engine.answers["/containers/01/json"] = (200, facts)
        engine.answers["/containers/01/logs"] = (200, b"")
        engine.answers["/images/pgvector/pgvector:pg16/json"] = (200, {})
        host = {"DOCKER_HOST": f"unix://{engine.address}", "POSTGRES_PASSWORD": "of-another-program"}
        for action in (
            ("up",),
            ("psql", "-c", "SELECT 1"),
            ("restore", str(tmp_path / "a.backup"), "--yes"),
            ("down",),
        ):
            untouched.run("db", *action, **host, **path)
    calls = "".join(line for line in record.read_text().splitlines() if " version " not in line)
    for call in ("up --detach postgres", "exec -T postgres", "pg_restore --list", "down --remove-orphans"):
        assert call in calls
    assert not any(secret in calls for secret in passwords(untouched))
    assert "of-another-program" not in given.read_text()
