"""The secrets that `agent-brain setup` writes are in one private file, and shown nowhere."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project, free_port
from support.setup_files import snapshot, with_answers


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def test_secrets_are_for_the_owner_alone_with_any_umask(project: CliProject) -> None:
    done = project.run("setup", "--yes", prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((project.root / ".env.agent-brain").stat().st_mode) == 0o600


def test_the_token_is_never_printed(project: CliProject) -> None:
    done = project.run("setup", "--yes", "--json")
    token = (project.root / ".env.agent-brain").read_text().partition("AGENT_BRAIN_TOKEN=")[2].split()[0]
    assert len(token) >= 43
    assert token not in done.stdout + done.stderr


def test_what_is_in_the_private_file_keeps_every_byte(project: CliProject) -> None:
    own = b"# mine\r\nOTHER='a b'  # a note\r\n\r\n"
    private = project.root / ".env.agent-brain"
    private.write_bytes(own)
    project.ok("setup", "--yes", "--port", str(free_port()))
    written = private.read_bytes()
    assert written.startswith(own)
    assert written.count(b"\n") == written.count(b"\r\n") > own.count(b"\r\n")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_loose_modes_are_tightened(project: CliProject) -> None:
    project.ok("setup", "--yes")
    secret = project.root / ".env.agent-brain"
    content = secret.read_bytes()
    secret.chmod(0o644)
    assert "0644" in project.ok("setup", "--yes")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_bytes() == content


def test_a_dry_run_shows_the_difference_without_secrets(project: CliProject) -> None:
    url = "postgresql://me:hidden-word@db:5432/shop"
    answers = json.dumps({"storage_url": url, "embedding_preset": "openai", "embedding_key": "sk-hidden-word"})
    done = with_answers(project, answers, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "+++ b/.claude/agent-brain/config.yaml" in done.stdout
    assert '+  provider: "openai-compatible"' in done.stdout
    for name in ("AGENT_BRAIN_TOKEN", "AGENT_BRAIN_STORAGE_URL", "AGENT_BRAIN_EMBEDDING_API_KEY"):
        assert f"+{name}=…\n" in done.stdout
    assert "hidden-word" not in done.stdout + done.stderr
    assert "hidden-word" not in with_answers(project, answers, "--dry-run", "--json").stdout
    assert snapshot(project.root) == {}


def test_secrets_go_into_the_private_file_alone(project: CliProject) -> None:
    answers = {"embedding_preset": "openai", "embedding_key": "sk-hidden-word", "port": free_port()}
    done = with_answers(project, json.dumps(answers), "--json", "--no-verify")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answers"]["embedding_model"] == "text-embedding-3-small"
    assert "hidden-word" not in done.stdout + done.stderr
    holding = [path for path in project.root.rglob("*") if path.is_file() and "hidden-word" in path.read_text()]
    assert [path.name for path in holding] == [".env.agent-brain"]
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_no_other_user_can_ever_read_the_secrets(project: CliProject) -> None:
    modes: set[int] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in project.root.glob(".env*"):
                with suppress(OSError):
                    modes.add(stat.S_IMODE(path.stat().st_mode))
            for path in project.root.glob(".*.tmp"):
                if ".env" in path.name:
                    with suppress(OSError):
                        modes.add(stat.S_IMODE(path.stat().st_mode))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        done = project.run("setup", "--yes", prefix=["sh", "-c", 'umask 022; exec "$@"', "sh"])
    finally:
        over.set()
        watcher.join()
    assert done.returncode == 0, done.stderr
    assert modes == {0o600}
