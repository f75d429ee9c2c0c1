"""`agent-brain setup` as a person or a job runs it: what it writes, keeps and leaves alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port, without_root_powers
from support.setup_files import WRITTEN, snapshot


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def test_setup_writes_its_files_once(project: CliProject) -> None:
    first = project.ok("setup", "--yes", "--port", str(free_port()))
    assert all(name in first for name in WRITTEN)
    before = snapshot(project.root)
    assert set(before) == set(WRITTEN)

    second = project.ok("setup", "--yes")
    assert second == "Nothing to change.\n"
    assert snapshot(project.root) == before


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
    project.ok("setup", "--yes", "--port", str(free_port()))
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "\nlog_level: debug\n")
    before = snapshot(project.root)
    done = project.run("setup", "--yes", "--embedding", "none")
    assert done.returncode == 2
    assert "embedding.provider" in done.stderr
    assert snapshot(project.root) == before


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


def test_outside_git_the_secrets_are_kept_out_of_a_later_one(tmp_path: Path) -> None:
    with cli_project(tmp_path / "notes", git=False) as project:
        project.ok("setup", "--yes", "--port", str(free_port()))
        subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
        subprocess.run(["git", "add", "-A"], cwd=project.root, check=True)
        listed = subprocess.run(["git", "ls-files"], cwd=project.root, check=True, capture_output=True, text=True)
        assert listed.stdout.split() == [".gitignore"]
        assert project.ok("setup", "--yes") == "Nothing to change.\n"


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


def test_the_manifest_names_what_was_written(project: CliProject) -> None:
    project.ok("setup", "--yes")
    manifest = json.loads((project.state / "manifest.json").read_text())
    assert set(manifest["files"]) == set(WRITTEN) - {".claude/agent-brain/manifest.json"}


def test_an_edit_is_shown_with_what_setup_would_write(project: CliProject) -> None:
    project.ok("setup", "--yes", "--port", str(free_port()))
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "log_level: debug\n")
    shown = project.ok("setup", "--dry-run")
    assert "Nothing to change." in shown
    assert "+log_level: debug\n" in shown


def test_with_index_the_events_are_one_object_a_line(project: CliProject) -> None:
    project.write({"src/retry.py": RETRY_SOURCE})
    flags = ("--embedding", "none", "--port", str(free_port()), "--index")
    lines = [json.loads(line) for line in project.ok("setup", "--yes", "--json", *flags).splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "plan"
    assert events[1:6] == ["file"] * 5
    assert set(events[6:-1]) == {"progress"}
    assert lines[-1]["event"] == "done"
    assert lines[-1]["index"]["files"] == 2
    assert lines[-1]["index"]["job"]["state"] == "done"
    assert project.json("search", "next delay")["results"][0]["path"] == "src/retry.py"
    again = project.run("setup", "--yes", "--index")
    assert again.stdout.startswith("Nothing to change.\n")
    assert "Indexed 2 files" in again.stderr


def test_the_manifest_says_what_was_not_there_before(project: CliProject) -> None:
    (project.root / ".claude").mkdir()
    (project.root / ".gitignore").write_text("dist\n")
    project.ok("setup", "--yes", "--port", str(free_port()))
    manifest = project.state / "manifest.json"
    state = ".claude/agent-brain"
    created = [state, *(f"{state}/{name}" for name in ("config.yaml", "manifest.json", "project.json"))]
    created.append(".env.agent-brain")
    assert json.loads(manifest.read_text())["created"] == sorted(created)
    project.ok("setup", "--yes", "--no-watch")
    assert json.loads(manifest.read_text())["created"] == sorted(created)
