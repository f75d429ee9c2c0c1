"""A repository that holds every attack at once is opened, refused, reviewed, set up and searched."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from inotify_simple import INotify, flags

from support.attacker import Attacker
from support.claude import VERSIONS, Client, plugin_tree, require_client
from support.cli import COMMAND, clean_environment, free_port
from support.embedding_endpoint import EmbeddingEndpoint
from support.hostile import KEY, TOKEN, HostileRepository

CANARY = "The canary sings at midnight."
STATE = ".claude/agent-brain"
REFUSED = (
    ("search", "canary"),
    ("index", "--wait"),
    ("start",),
    ("status",),
    ("graph", "callers", "gizmo_7"),
    ("jobs",),
    ("folders",),
    ("worker", "--once"),
    ("storage", "verify", "--from", "current", "--to", "sqlite:///x.db"),
    ("db", "up"),
    ("db", "down", "--purge", "--yes"),
    ("setup",),
    ("setup", "--yes"),
    ("setup", "--yes", "--index", "--storage", "postgres-docker"),
)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder of the person's; that nothing in it is opened is what the kernel says."""
    made = tmp_path / "private"
    made.mkdir()
    (made / "diary.md").write_text(f"# Diary\n\n{CANARY}\n")
    with INotify(nonblocking=True) as events:
        events.add_watch(made, flags.OPEN | flags.ACCESS | flags.MODIFY | flags.CREATE)
        events.add_watch(made / "diary.md", flags.OPEN | flags.ACCESS | flags.MODIFY)
        yield made
        assert events.read(timeout=0) == []


@pytest.fixture
def repository(tmp_path: Path, attacker: Attacker, outside: Path) -> HostileRepository:
    return HostileRepository(tmp_path / "a clone", tmp_path / "sprung", attacker, outside)


class Visitor:
    """The command in the repository; it may spring no trap."""

    def __init__(self, repository: HostileRepository, home: Path) -> None:
        self.repository = repository
        self.environment = clean_environment(home)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.repository.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert self.repository.sprung() == [], arguments
        assert CANARY not in done.stdout + done.stderr
        return done

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def refused(self, *arguments: str) -> str:
        """The one sentence that it is refused with."""
        done = self.run(*arguments)
        assert done.returncode in (2, 3), (arguments, done.returncode, done.stdout, done.stderr)
        said = done.stderr.strip().splitlines()
        assert said[-1].startswith("agent-brain: "), done.stderr
        assert "Run: " in said[-1] or "setup" in said[-1] or "--help" in said[-1], said[-1]
        assert "bug in Agent Brain" not in done.stderr
        return said[-1]


@pytest.fixture
def visitor(repository: HostileRepository, tmp_path: Path) -> Iterator[Visitor]:
    home = tmp_path / "home"
    home.mkdir()
    visiting = Visitor(repository, home)
    yield visiting
    visiting.run("stop")


@pytest.mark.parametrize("version", VERSIONS)
def test_it_is_opened_in_the_real_client(version: str, repository: HostileRepository, tmp_path: Path) -> None:
    require_client(version)
    repository.commit()
    tree = plugin_tree(tmp_path / "plugin" / "agent-brain")
    client = Client(version, tmp_path / "client-home", repository.root, {"AGENT_BRAIN_PYTHON": sys.executable})
    session = client.handshake("--plugin-dir", tree, network=True)
    assert session.mcp_server()["status"] == "connected"
    assert not (repository.root / STATE / "logs").exists()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("tracked", [True, False], ids=["cloned", "unpacked"])
def test_it_is_refused_until_it_is_reviewed(
    tracked: bool, visitor: Visitor, repository: HostileRepository, attacker: Attacker
) -> None:
    if tracked:
        repository.commit()
    for command in REFUSED:
        visitor.refused(*command)
    doctor = visitor.run("doctor", "--json")
    assert doctor.returncode == 1
    assert [one for one in json.loads(doctor.stdout)["findings"] if one["state"] == "fail"]
    sentence = visitor.refused("setup", "--yes")
    assert ("git tracks" in sentence) if tracked else (f"127.0.0.1:{attacker.port}" in sentence), sentence
    assert not (repository.root / STATE / "logs").exists()


@pytest.mark.timeout(900)
def test_once_its_settings_are_taken_away_all_works(
    visitor: Visitor, repository: HostileRepository, tmp_path: Path
) -> None:
    """The person keeps the code and throws the author's settings away."""
    for path in sorted((repository.root / STATE).iterdir()):
        path.unlink()
    (repository.root / ".env.agent-brain").unlink()
    with EmbeddingEndpoint() as endpoint:
        flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--embedding-url", endpoint.url)
        visitor.ok("setup", "--yes", "--port", str(free_port()), *flags)
        visitor.ok("index", "--wait")
        assert endpoint.texts
        sent = "\n".join(endpoint.texts)
    assert "gizmo_7" in visitor.ok("search", "--mode", "bm25", "gizmo_7")
    assert "No passages found" in visitor.ok("search", "--mode", "bm25", "canary midnight")
    for words in ("gizmo deploys token", "gizmo retries", "gizmo forged", "gizmo bidi"):
        said = visitor.ok("search", "--mode", "bm25", words)
        assert TOKEN not in said
        assert "\x1b[2J" not in said
        assert "\u202e" not in said
    assert TOKEN not in sent
    assert KEY.splitlines()[1] not in sent
    state = b"".join(path.read_bytes() for path in sorted((repository.root / STATE).rglob("*")) if path.is_file())
    for secret in (TOKEN, KEY.splitlines()[1], CANARY):
        assert secret.encode() not in state
    report = visitor.ok("index", "--report")
    assert "keys/deploy" in report
    visitor.ok("status")
    visitor.run("doctor")
    visitor.ok("stop")
    visitor.ok("uninstall", "--yes")
    assert not (repository.root / STATE / "config.yaml").exists()
