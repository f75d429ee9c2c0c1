"""`agent-brain setup` as a person or a job runs it."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project, free_port, without_root_powers

WRITTEN = (".claude/agent-brain/config.yaml", ".env.agent-brain", ".gitignore", ".claude/agent-brain/manifest.json")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def snapshot(root: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_setup_writes_its_files_once(project: CliProject) -> None:
    first = project.ok("setup", "--yes", "--port", str(free_port()))
    assert all(name in first for name in WRITTEN)
    before = snapshot(project.root)
    assert set(before) == set(WRITTEN)

    second = project.ok("setup", "--yes")
    assert second == "Nothing to change.\n"
    assert snapshot(project.root) == before


def test_secrets_are_for_the_owner_alone_whatever_the_umask(project: CliProject) -> None:
    done = project.run("setup", "--yes", prefix=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((project.root / ".env.agent-brain").stat().st_mode) == 0o600


def test_the_token_is_never_printed(project: CliProject) -> None:
    done = project.run("setup", "--yes", "--json")
    token = (project.root / ".env.agent-brain").read_text().partition("AGENT_BRAIN_TOKEN=")[2].split()[0]
    assert len(token) >= 43
    assert token not in done.stdout + done.stderr


def test_without_yes_it_never_waits(project: CliProject) -> None:
    done = project.run("setup")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert snapshot(project.root) == {}


def test_a_dry_run_writes_nothing(project: CliProject) -> None:
    report = project.json("setup", "--dry-run")
    assert report["changed"]
    assert [file["path"] for file in report["files"]] == list(WRITTEN)
    assert snapshot(project.root) == {}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_missing_file_is_made_again(project: CliProject, name: str) -> None:
    project.ok("setup", "--yes", "--port", str(free_port()))
    before = (project.root / name).read_bytes()
    (project.root / name).unlink()
    report = project.json("setup", "--yes")
    assert name in [file["path"] for file in report["files"]]
    if name != ".env.agent-brain":
        assert (project.root / name).read_bytes() == before
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_a_users_edit_is_kept_and_reported(project: CliProject) -> None:
    project.ok("setup", "--yes", "--port", str(free_port()))
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "\nlog_level: debug\n")
    secret = project.root / ".env.agent-brain"
    secret.write_text(secret.read_text() + "AGENT_BRAIN_EMBEDDING_API_KEY=k\n")
    before = snapshot(project.root)
    done = project.run("setup", "--yes")
    assert done.returncode == 0
    assert done.stdout == "Nothing to change.\n"
    assert "config.yaml: edited by hand" in done.stderr
    assert ".env.agent-brain: edited by hand" in done.stderr
    assert snapshot(project.root) == before


def test_an_answer_for_an_edited_file_is_refused_not_lost(project: CliProject) -> None:
    project.ok("setup", "--yes")
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "\nlog_level: debug\n")
    before = snapshot(project.root)
    done = project.run("setup", "--yes", "--embedding", "none")
    assert done.returncode == 2
    assert "embedding.provider" in done.stderr
    assert snapshot(project.root) == before


def test_answers_are_saved_and_can_be_changed(project: CliProject) -> None:
    port = free_port()
    project.ok("setup", "--yes", "--embedding", "none", "--no-watch", "--port", str(port))
    assert project.ok("setup", "--yes") == "Nothing to change.\n"
    config = (project.state / "config.yaml").read_text()
    assert 'provider: "none"' in config
    assert "watch: false" in config
    assert f"AGENT_BRAIN_PORT={port}\n" in (project.root / ".env.agent-brain").read_text()
    project.ok("setup", "--yes", "--watch")
    assert "watch: true" in (project.state / "config.yaml").read_text()


def test_an_endpoint_needs_its_flags(project: CliProject) -> None:
    done = project.run("setup", "--yes", "--embedding", "openai-compatible", "--embedding-model", "m")
    assert done.returncode == 2
    assert "--embedding-url" in done.stderr
    project.ok(
        "setup", "--yes", "--embedding", "openai-compatible", "--embedding-model", "m", "--embedding-url", "http://h/v1"
    )
    assert 'base_url: "http://h/v1"' in (project.state / "config.yaml").read_text()


@pytest.mark.parametrize(
    "flags",
    [
        ("--storage-url", "mysql://user:hidden@db/x"),
        ("--storage-url", "postgresql://user:hidden@db/x", "--storage", "embedded"),
        ("--port", "0"),
        ("--port", "http"),
        ("--embedding", "magic"),
        ("--embedding-url", "http://h/v1"),
        ("--surprise",),
    ],
)
def test_bad_answers_are_refused_in_one_sentence(project: CliProject, flags: tuple[str, ...]) -> None:
    done = project.run("setup", "--yes", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith("agent-brain: ")
    assert done.stderr.count("\n") == 1
    assert flags[0] in done.stderr
    assert "hidden" not in done.stderr
    assert snapshot(project.root) == {}


@pytest.mark.parametrize("content", [b"", b"dist\n", b"dist", b"dist\r\nbuild\r\n", b"a\n\n\n", b"\xff\xfe odd\n"])
def test_gitignore_keeps_every_byte(project: CliProject, content: bytes) -> None:
    gitignore = project.root / ".gitignore"
    gitignore.write_bytes(content)
    project.ok("setup", "--yes", "--port", str(free_port()))
    written = gitignore.read_bytes()
    assert written.startswith(content)
    assert written.endswith(b"\n") == (content == b"" or content.endswith(b"\n"))
    if b"\r\n" in content:
        assert written.count(b"\n") == written.count(b"\r\n")
    assert b".env.agent-brain" in written.splitlines()
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_outside_git_no_gitignore_is_made(tmp_path: Path) -> None:
    with cli_project(tmp_path / "notes", git=False) as project:
        project.ok("setup", "--yes", "--port", str(free_port()))
        assert not (project.root / ".gitignore").exists()
        assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_loose_modes_are_tightened(project: CliProject) -> None:
    project.ok("setup", "--yes")
    secret = project.root / ".env.agent-brain"
    content = secret.read_bytes()
    secret.chmod(0o644)
    assert "0644" in project.ok("setup", "--yes")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_bytes() == content


@pytest.mark.parametrize("link", [".env.agent-brain", ".gitignore", ".claude", ".claude/agent-brain"])
def test_links_out_of_the_project_are_refused(project: CliProject, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    if link.startswith(".claude"):
        outside.mkdir()
        if "/" in link:
            (project.root / ".claude").mkdir()
    else:
        outside.write_text("theirs\n")
    (project.root / link).symlink_to(outside)
    done = project.run("setup", "--yes")
    assert done.returncode == 2
    assert link.rpartition("/")[2] in done.stderr
    assert list(outside.iterdir()) == [] if outside.is_dir() else outside.read_text() == "theirs\n"
    assert (project.root / link).is_symlink()


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="file modes do not bind root")
def test_a_read_only_project_is_left_alone(project: CliProject) -> None:
    project.root.chmod(0o555)
    try:
        done = project.run("setup", "--yes", prefix=without_root_powers())
    finally:
        project.root.chmod(0o755)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert snapshot(project.root) == {}


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="file modes do not bind root")
def test_a_half_writable_project_is_not_half_written(project: CliProject) -> None:
    (project.root / ".claude").mkdir()
    project.root.chmod(0o555)
    try:
        done = project.run("setup", "--yes", prefix=without_root_powers())
    finally:
        project.root.chmod(0o755)
    assert done.returncode == 2
    assert list((project.root / ".claude").iterdir()) == []


def test_the_home_directory_is_not_a_project(project: CliProject) -> None:
    done = project.run("setup", "--yes", HOME=str(project.root))
    assert done.returncode == 2
    assert "--project" in done.stderr


def test_the_environment_answers_too(project: CliProject) -> None:
    project.ok("setup", "--yes", AGENT_BRAIN_EMBEDDING_PROVIDER="none")
    assert 'provider: "none"' in (project.state / "config.yaml").read_text()


def test_the_manifest_names_what_was_written(project: CliProject) -> None:
    project.ok("setup", "--yes")
    manifest = json.loads((project.state / "manifest.json").read_text())
    assert set(manifest["files"]) == set(WRITTEN) - {".claude/agent-brain/manifest.json"}
