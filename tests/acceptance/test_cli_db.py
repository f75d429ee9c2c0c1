"""`agent-brain db`: what it refuses, by stand-ins for Docker, and what it does, on a real engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from agent_brain_contract.envfile import read_env
from agent_brain_server.storage.postgres.schema import SCHEMA_VERSION
from agent_brain_wizard import backup
from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project, free_port, without_root_powers
from support.consent import accept, accept_changes
from support.docker import ComposedDatabase, composed_database, fake_command, fake_engine, require_docker, run

SETUP = ("setup", "--yes", "--no-watch", "--storage", "postgres-docker")
QUESTION = "how long to wait before a failed request is sent again"
PROGRESS = ("Fetching", "Starting", "Waiting for", "Preparing", "Backing up", "Restoring")
MODES = ("bm25", "vector", "hybrid")
FILES = {"net/retry.py": RETRY_SOURCE, "docs/guide.md": "# Guide\n\nHow a theme picks its colours.\n"}
ANSWERS_COMPOSE = 'case "$*" in "compose version"*) echo 2.40.1;; *) exec /bin/false;; esac'


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """A project whose settings name a container, for tests that leave it as it is."""
    yield from set_up(tmp_path_factory.mktemp("untouched"))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    """The same, for a test of its own."""
    yield from set_up(tmp_path)


def set_up(directory: Path) -> Iterator[CliProject]:
    with cli_project(directory / "mein Laden") as made:
        for name in ("DATABASE_URL", "POSTGRES_PASSWORD"):
            made.environment.pop(name, None)
        made.write(FILES)
        made.ok(*SETUP, "--port", str(free_port()), "--postgres-port", str(free_port()))
        yield made


@pytest.fixture
def running(project: CliProject) -> Iterator[CliProject]:
    """The same on a real engine; nothing of its container is left in the end."""
    require_docker()
    with composed_database(project.root):
        yield project
        project.run("stop")


def refused(project: CliProject, *arguments: str, code: int = 1, **more: str) -> str:
    """The one sentence that a command is refused with, behind nothing but its progress."""
    done = project.run(*arguments, **more)
    assert done.returncode == code, done.stdout + done.stderr
    *progress, sentence = done.stderr.splitlines()
    assert sentence.startswith("agent-brain: ")
    assert all(line.startswith(PROGRESS) for line in progress), progress
    assert not any(secret in done.stdout + done.stderr for secret in passwords(project))
    return sentence.removeprefix("agent-brain: ")


def passwords(project: CliProject) -> list[str]:
    """The server's and the superuser's."""
    return [
        value for name, value in read_env(project.root / ".env.agent-brain").items() if name.startswith("POSTGRES_")
    ]


def comes_up_on_another_port(project: CliProject) -> bool:
    """What is advised where the port is taken."""
    project.ok("setup", "--yes")
    return project.run("db", "up").returncode == 0


def in_a_terminal(project: CliProject, *arguments: str) -> Any:
    """The command, with a person before it."""
    return pexpect.spawn(
        COMMAND, list(arguments), cwd=str(project.root), env=project.environment, timeout=30, encoding="utf-8"
    )


# What is refused before Docker is asked for anything.


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
def test_a_project_without_a_container_is_told_how_to_get_one(tmp_path: Path, action: tuple[str, ...]) -> None:
    with cli_project(tmp_path / "shop") as other:
        assert "agent-brain setup --yes --storage postgres-docker" in refused(other, "db", *action, code=2)


def test_no_docker(untouched: CliProject, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refused(untouched, "db", "up", PATH=str(empty)).startswith("Docker is not installed: https://")


def with_docker(directory: Path, script: str) -> dict[str, str]:
    directory.mkdir(exist_ok=True)
    fake_command(directory, script)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


@pytest.mark.parametrize("action", ["up", "down", "status", "logs"])
def test_an_engine_that_does_not_run(untouched: CliProject, tmp_path: Path, action: str) -> None:
    path = with_docker(tmp_path / "bin", ANSWERS_COMPOSE)
    nobody = f"unix://{tmp_path}/nobody.sock"
    said = refused(untouched, "db", action, DOCKER_HOST=nobody, **path)
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


# What a real engine does.


def answers(project: CliProject) -> dict[str, list[Any]]:
    """What is found in each mode, but for what differs from run to run."""
    found = {mode: project.json("search", "--mode", mode, QUESTION)["results"] for mode in MODES}
    return {mode: [(one["path"], one["chunk_id"], one["text"]) for one in results] for mode, results in found.items()}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_setup_to_a_restored_index(running: CliProject, tmp_path: Path) -> None:
    project = running
    done = project.run("db", "up")
    assert done.returncode == 0, done.stderr
    assert "PostgreSQL is healthy on 127.0.0.1:" in done.stdout
    assert "Starting postgres" in done.stderr
    project.ok("index", "--wait")
    before = answers(project)
    assert before["hybrid"][0][0] == "net/retry.py"
    chunks = project.json("status")["index"]["chunks"]

    file = tmp_path / "shop.backup"
    done = project.run("db", "backup", str(file), prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b"PGDMP")
    assert project.json("db", "backup", str(file))["bytes"] == file.stat().st_size, "a backup is replaced"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "mein Laden", "shop.backup"]

    assert "agent-brain stop" in refused(project, "db", "restore", str(file), "--yes")
    assert "--yes" in refused(project, "db", "down", "--purge", code=2)
    project.ok("stop")
    assert project.ok("db", "down", "--purge", "--yes") == "Stopped, and the index is gone.\n"
    assert project.run("db", "status").returncode == 3
    assert "agent-brain db up" in refused(project, "db", "restore", str(file))

    project.ok("db", "up")
    assert project.json("db", "restore", str(file)) == {"file": str(file), "chunks": chunks, "replaced": 0}
    assert answers(project) == before
    assert len(project.json("jobs")["jobs"]) == 1, "nothing was indexed again"
    assert_restored_again_after_a_yes(project, file, chunks)
    assert_refused_files_change_nothing(project, tmp_path, file)
    assert answers(project) == before


def assert_restored_again_after_a_yes(project: CliProject, file: Path, chunks: int) -> None:
    project.ok("stop")
    assert f"Replace the index that is there ({chunks} chunks)?" in refused(project, "db", "restore", str(file), code=2)
    asked = in_a_terminal(project, "db", "restore", str(file))
    asked.expect_exact("(y/N)")
    asked.sendline("y")
    asked.expect_exact(f"Restored {chunks} chunks")
    asked.expect(pexpect.EOF)
    asked.close()
    assert asked.exitstatus == 0


def assert_refused_files_change_nothing(project: CliProject, tmp_path: Path, file: Path) -> None:
    whole = file.read_bytes()
    other = tmp_path / "other"
    other.write_bytes(b"-- my notes\n")
    assert "no backup" in refused(project, "db", "restore", str(other), "--yes", code=2)
    assert "no backup" in refused(project, "db", "backup", str(other), code=2)
    assert other.read_bytes() == b"-- my notes\n"
    assert "cannot be read" in refused(project, "db", "restore", str(tmp_path / "none"), "--yes", code=2)
    other.write_bytes(whole[: len(whole) * 3 // 4])
    assert "cut off" in refused(project, "db", "restore", str(other), "--yes")
    project.ok("db", "psql", "-c", "UPDATE agent_brain.meta SET schema_version = schema_version + 1")
    project.ok("db", "backup", str(other))
    project.ok("db", "psql", "-c", "UPDATE agent_brain.meta SET schema_version = schema_version - 1")
    assert "newer Agent Brain" in refused(project, "db", "restore", str(other), "--yes")
    with cli_project(tmp_path / "elsewhere" / "shop") as stranger:
        stranger.write({".claude/agent-brain/config.yaml": "", ".env.agent-brain": ""})
        for name in (".env.agent-brain", ".claude/agent-brain/docker-compose.yml"):
            shutil.copy(project.root / name, stranger.root / name)
        accept(stranger.root)
        accept_changes(stranger.root)
        assert "another project" in refused(stranger, "db", "restore", str(file), "--yes")
    assert_plain_sql_is_restored_too(project, other)


def assert_plain_sql_is_restored_too(project: CliProject, file: Path) -> None:
    dump = ("pg_dump", "--schema=agent_brain", "--no-owner", "--username=agent_brain", "agent_brain")
    dumped = ComposedDatabase(project.root).compose("exec", "-T", "postgres", *dump).stdout
    file.write_text(dumped)
    restored = project.json("db", "restore", str(file), "--yes")
    assert restored["chunks"] == restored["replaced"] > 0
    file.write_text(dumped[: len(dumped) // 2])
    assert "cut off" in refused(project, "db", "restore", str(file), "--yes")
    file.write_text(dumped.replace("Dumped from database version ", "Dumped from database version 9", 1))
    assert "--postgres-image pgvector/pgvector:pg9" in refused(project, "db", "restore", str(file), "--yes")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_running_database_can_be_looked_at(running: CliProject) -> None:
    project = running
    assert project.run("db", "status").stdout.startswith("database   absent")
    up = project.json("db", "up")
    assert project.json("db", "up") == up, "a second time it is just there"
    status = project.json("db", "status")
    assert status["healthy"]
    assert (status["container"], status["port"]) == (up["container"], up["port"])
    assert status["postgresql"].startswith("16.")
    assert "healthy · 127.0.0.1:" in project.ok("db", "status")

    assert "ready to accept connections" in project.ok("db", "logs")
    assert len(project.json("db", "logs", "--tail", "2")["lines"]) == 2
    assert project.ok("db", "psql", "-c", "SELECT 6 * 7 AS answer").split() == [
        "answer",
        "--------",
        "42",
        "(1",
        "row)",
    ]
    wrong = project.run("db", "psql", "-c", "SELEKT 1")
    assert (wrong.returncode, "syntax error" in wrong.stderr) == (1, True)

    everything = str(status) + project.ok("db", "logs") + (project.state / "docker-compose.yml").read_text()
    assert len(passwords(project)) == 2
    assert not any(secret in everything for secret in passwords(project))
    assert_a_lost_password_is_replaced(project)


def assert_a_lost_password_is_replaced(project: CliProject) -> None:
    """The data keep the password that they were made with, until `up` tells them the new one."""
    env = project.root / ".env.agent-brain"
    env.unlink()
    project.ok("setup", "--yes")
    project.ok("db", "up")
    project.ok("index", "--wait")
    assert project.json("status")["storage"]["backend"] == "postgresql"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_prompt_in_a_terminal_and_a_log_that_is_followed(running: CliProject) -> None:
    project = running
    project.ok("db", "up")
    prompt = in_a_terminal(project, "db", "psql")
    prompt.expect_exact("agent_brain=#")
    prompt.sendline("\\conninfo")
    prompt.expect_exact('database "agent_brain" as user "agent_brain"')
    prompt.sendline("\\q")
    prompt.expect(pexpect.EOF)
    prompt.close()
    assert prompt.exitstatus == 0
    follow = in_a_terminal(project, "db", "logs", "--follow")
    follow.expect_exact("ready to accept connections")
    follow.sendintr()
    follow.expect(pexpect.EOF)
    follow.close()
    assert follow.exitstatus == 130


def bind_once_free(held: socket.socket, port: int) -> None:
    """Docker gives a port back some time after its container has ended."""
    deadline = time.monotonic() + 20
    while True:
        try:
            held.bind(("127.0.0.1", port))
            return
        except OSError:
            assert time.monotonic() < deadline, "the port is not given back"
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_docker_cannot_do_is_one_sentence(running: CliProject) -> None:
    project = running
    compose, env = project.state / "docker-compose.yml", project.root / ".env.agent-brain"
    good, secrets = compose.read_text(), env.read_text()

    env.write_text("\n".join(line for line in secrets.splitlines() if "POSTGRES_SUPERUSER_PASSWORD" not in line))
    assert (
        refused(project, "db", "up")
        == "POSTGRES_SUPERUSER_PASSWORD is empty in .env.agent-brain. Run: agent-brain setup --yes"
    )
    env.write_text(secrets + 'a line that = is "none\n')
    assert refused(project, "db", "up").startswith(".env.agent-brain cannot be read: correct its line")
    env.write_text(secrets)

    compose.write_text(good.replace("pgvector/pgvector:pg16", "127.0.0.1:1/nobody/nothing:1"))
    accept_changes(project.root)
    said = refused(project, "db", "up")
    assert said.startswith("the image 127.0.0.1:1/nobody/nothing:1 cannot be had (")
    assert said.endswith("agent-brain setup --yes --postgres-image IMAGE")

    compose.write_text(good.replace("shared_buffers=256MB", "shared_buffers=a lot"))
    accept_changes(project.root)
    said = refused(project, "db", "up")
    assert "shared_buffers" in said
    assert said.endswith("More: agent-brain db logs")

    compose.write_text(good)
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bind_once_free(held, int(good.partition("127.0.0.1:")[2].partition(":")[0]))
        held.listen()
        said = refused(project, "db", "up")
        assert f"is taken by {psutil.Process().name()} (pid {os.getpid()})" in said
        assert "agent-brain setup --yes" in said
        # What runs beside this test may take the port that setup finds free: then the same advice holds again.
        assert any(comes_up_on_another_port(project) for _ in range(4))
    assert "has no pgadmin" in refused(project, "db", "up", "--pgadmin")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_pgadmin_comes_when_it_is_asked_for(running: CliProject) -> None:
    project = running
    project.ok("setup", "--yes", "--pgadmin")
    compose = project.state / "docker-compose.yml"
    assert 'profiles: ["pgadmin"]' in compose.read_text()
    # Its image is large and not under test: the database's stands in for it, asleep.
    asleep = 'image: "pgvector/pgvector:pg16"\n    command: ["sleep", "600"]'
    compose.write_text(compose.read_text().replace("image: dpage/pgadmin4:9", asleep))
    accept_changes(project.root)
    port = project.json("db", "up", "--pgadmin")["pgadmin"]
    names = run(["docker", "ps", "--format", "{{.Names}} {{.Ports}}"], project.root).stdout
    assert f"pgadmin-1 127.0.0.1:{port}->80/tcp" in names.replace(", 5432/tcp", "").replace("5432/tcp, ", "")
    project.ok("db", "down")
    left = run(["docker", "ps", "--all", "--format", "{{.Names}}"], project.root).stdout
    status = project.run("db", "status", "--json")
    assert (status.returncode, json.loads(status.stdout)["state"]) == (3, "absent")
    assert "pgadmin" not in left


def test_the_newest_schema_is_known() -> None:
    assert backup.SCHEMA_VERSION == SCHEMA_VERSION


def test_no_password_is_in_any_command_line(
    untouched: CliProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of `docker` is noted with its arguments and the variable that would go before the file."""
    record, composition = tmp_path / "calls", tmp_path / "composition"
    composition.write_text('{"name": "shop", "services": {"postgres": {"image": "pgvector/pgvector:pg16"}}}')
    path = with_docker(
        tmp_path / "bin",
        f'''echo "$@, password ${{POSTGRES_PASSWORD:-unset}}" >> "{record}"
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
    assert "of-another-program" not in calls
