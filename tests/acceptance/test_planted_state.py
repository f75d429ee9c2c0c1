"""State that setup did not write: a repository brings it unpacked, in a submodule, or by a later pull."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.claude import ROOT
from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.impostor import Impostor

STATE = ".claude/agent-brain"
HOOK = ROOT / "plugin" / "scripts" / "session_start.py"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "cloned", git=False) as made:
        git(made.root, "init", "-q")
        made.write({"retry.py": RETRY_SOURCE})
        yield made


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def indexed(root: Path, environment: dict[str, str]) -> bytes:
    """The database file of a real index, made somewhere else."""
    with cli_project(root) as elsewhere:
        elsewhere.write({"other.py": "def brought_along():\n    return 1\n"})
        elsewhere.set_up()
        elsewhere.ok("index", "--wait")
        elsewhere.ok("stop")
        return (elsewhere.root / STATE / "index.db").read_bytes()


def hot_journal(named: Path) -> bytes:
    """A journal that SQLite plays back, and that names a super-journal, which is deleted then."""
    header = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 1, 2000, 512, 4096)
    name = str(named).encode()
    end = struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">II", len(name), sum(name))
    return header.ljust(512, b"\0") + end + header[:8]


def test_no_token_is_sent_to_who_only_says_to_be_the_server(
    project: CliProject, bystander: subprocess.Popen[bytes]
) -> None:
    project.set_up()
    with Impostor(project.root, bystander.pid) as impostor:
        project.server_file.write_text(impostor.server_file())
        assert project.run("status").returncode == 3
        environment = {**project.environment, "CLAUDE_PROJECT_DIR": str(project.root)}
        subprocess.run([sys.executable, "-I", "-S", str(HOOK)], env=environment, check=True, capture_output=True)
        project.ok("index", "--wait")
        assert "retry.py" in project.ok("search", "how long to wait before a retry")
        project.ok("stop")
        assert (set(impostor.asked), impostor.tokens) == ({"/health"}, [])


def test_stop_ends_no_process_that_only_server_json_names(
    project: CliProject, bystander: subprocess.Popen[bytes]
) -> None:
    with Impostor(project.root, bystander.pid) as impostor:
        (project.root / STATE).mkdir(parents=True)
        project.server_file.write_text(impostor.server_file())
        project.run("stop")
        project.set_up()
        project.server_file.write_text(impostor.server_file())
        project.run("stop")
    assert bystander.poll() is None


def test_stop_ends_the_server_though_server_json_was_replaced(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    pid = json.loads(project.server_file.read_text())["pid"]
    project.server_file.write_text('{"url": "http://127.0.0.1:1", "pid": 1}')
    assert f"pid {pid}" in project.ok("stop")
    project.ok("start")


def test_a_server_with_another_token_is_named_with_the_way_on(project: CliProject) -> None:
    project.set_up()
    project.ok("start")
    done = project.run("search", "retry", AGENT_BRAIN_TOKEN="another one that is long enough")
    assert (done.returncode, "was started with another token" in done.stderr) == (3, True), done.stderr
    assert "Run: agent-brain restart" in done.stderr
    project.ok("stop")
    project.ok("search", "retry", AGENT_BRAIN_TOKEN="another one that is long enough")


def test_setup_uses_nothing_that_was_there_before(project: CliProject, tmp_path: Path) -> None:
    state = project.root / STATE
    (state / "logs").mkdir(parents=True)
    (state / "index.db").write_bytes(indexed(tmp_path / "elsewhere", project.environment))
    for name in ("index.vectors", "server.json", "server.lock", "lifecycle.lock", "logs/server.log"):
        (state / name).write_text("planted")
    done = project.run("setup", "--yes", "--no-watch", "--embedding", "none")
    assert f"{STATE}/index.db: removed, since this project was not set up on this machine" in done.stderr
    assert [path.name for path in state.rglob("*") if path.is_file() and path.read_bytes() == b"planted"] == []
    project.ok("index", "--wait")
    assert "brought_along" not in project.ok("search", "brought_along")
    project.ok("stop")
    project.ok("setup", "--yes")
    assert (state / "index.db").exists(), "what is set up here keeps its index"


def test_a_planted_journal_deletes_no_file(project: CliProject, tmp_path: Path) -> None:
    important = tmp_path / "important.txt"
    important.write_text("mine")
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    (project.root / STATE / "index.db-journal").write_bytes(hot_journal(important))
    project.ok("search", "retry")
    project.ok("doctor")
    project.ok("stop")
    assert important.read_text() == "mine"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON files BEGIN INSERT INTO folders VALUES ('/etc', '[]', '[]'); END",
        "CREATE VIEW evil AS SELECT 1",
        "CREATE TABLE evil (x DEFAULT (random()))",
        "DROP INDEX chunks_by_name; CREATE INDEX chunks_by_name ON chunks (lower(text_hash))",
    ],
)
def test_an_index_with_anything_of_its_own_is_refused(project: CliProject, statement: str) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    with closing(sqlite3.connect(project.root / STATE / "index.db")) as connection:
        connection.executescript(statement)
    done = project.run("start")
    assert (done.returncode, "damaged or not an Agent Brain index" in done.stderr) == (3, True), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="links need no rights on POSIX alone")
def test_a_log_that_became_a_link_empties_no_file(project: CliProject, tmp_path: Path) -> None:
    mine = tmp_path / "photo.jpg"
    mine.write_bytes(b"x" * 3_000_000)
    project.set_up("--watch")
    project.ok("start")
    link = project.root / STATE / "logs" / "server.log.1"
    link.symlink_to(mine)
    log = project.root / STATE / "logs" / "server.log"
    written = log.stat().st_size
    deadline = time.monotonic() + 20
    while log.stat().st_size == written and time.monotonic() < deadline:  # each line looks at the older log
        project.write({"changed.py": f"A = {time.monotonic()}\n"})
        time.sleep(0.5)
    assert log.stat().st_size > written
    assert mine.stat().st_size == 3_000_000
    refused = project.run("stop").stderr
    assert "server.log.1 is a link, which is not allowed here. Run: rm " in refused
    link.unlink()
    project.ok("stop")


@pytest.mark.parametrize("place", [".claude", STATE])
def test_state_in_a_submodule_is_refused(project: CliProject, tmp_path: Path, place: str) -> None:
    brought = tmp_path / "brought"
    inner = brought / STATE.removeprefix(place).strip("/")
    inner.mkdir(parents=True)
    (inner / "index.db").write_bytes(b"")
    git(brought, "init", "-q")
    git(brought, "add", "-f", ".")
    git(brought, "commit", "-qm", "x")
    shutil.rmtree(project.root / ".claude", ignore_errors=True)
    git(project.root, "submodule", "add", str(brought), place)
    refused = project.run("setup", "--yes")
    assert refused.returncode == 2
    while refused.returncode:  # what the submodule tracks, then the submodule
        assert "so others could decide" in refused.stderr
        advice = refused.stderr.rpartition("Run: ")[2].strip()
        subprocess.run(advice, shell=True, cwd="/", check=True, capture_output=True)
        refused = project.run("setup", "--yes")
    assert not (project.root / STATE / "index.db").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_what_every_user_can_write_is_refused_and_what_they_can_read_is_closed(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    for name in (".env.agent-brain", f"{STATE}/config.yaml", f"{STATE}/index.db"):
        path = project.root / name
        path.chmod(0o602)
        refused = project.run("start").stderr
        assert f"{name} can be written by every user of this machine" in refused
        subprocess.run(refused.rpartition("Run: ")[2].strip(), shell=True, cwd="/", check=True)
    index = project.root / STATE / "index.db"
    index.chmod(0o644)
    project.ok("start")
    assert index.stat().st_mode & 0o777 == 0o600


def test_the_advice_takes_tracked_state_away(project: CliProject) -> None:
    """What only a server writes would be used once git does not track it."""
    project.set_up()
    journal = project.root / STATE / "index.db-journal"
    journal.write_bytes(b"x")
    git(project.root, "add", "-f", str(journal))
    done = project.run("start")
    assert "git tracks .claude/agent-brain/index.db-journal" in done.stderr
    subprocess.run(done.stderr.rpartition("Run: ")[2].strip(), shell=True, cwd="/", check=True, capture_output=True)
    assert not journal.exists()
    project.ok("start")
    assert json.loads(project.server_file.read_text())["pid"]
