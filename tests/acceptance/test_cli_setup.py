"""`agent-brain setup` as a person or a job runs it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project, free_port, without_root_powers

WRITTEN = (
    ".claude/agent-brain/config.yaml",
    ".env.agent-brain",
    ".claude/agent-brain/project.json",
    ".gitignore",
    ".claude/agent-brain/manifest.json",
)


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
    project.ok("setup", "--yes", "--port", str(free_port()))
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


def test_what_stands_in_the_private_file_keeps_every_byte(project: CliProject) -> None:
    own = b"# mine\r\nOTHER='a b'  # a note\r\n\r\n"
    private = project.root / ".env.agent-brain"
    private.write_bytes(own)
    project.ok("setup", "--yes", "--port", str(free_port()))
    written = private.read_bytes()
    assert written.startswith(own)
    assert written.count(b"\n") == written.count(b"\r\n") > own.count(b"\r\n")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
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


def test_a_pipe_that_stays_open_is_not_waited_for(project: CliProject) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([COMMAND, "setup"], cwd=project.root, env=project.environment, text=True, **pipes) as child:
        assert child.wait(20) == 2
        _, stderr = child.communicate()
    assert "--answers FILE: no terminal to ask on" in stderr
    assert snapshot(project.root) == {}


def with_answers(project: CliProject, text: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "setup", "--answers", "-", *flags]
    return subprocess.run(
        command, cwd=project.root, env=project.environment, input=text, capture_output=True, text=True, timeout=60
    )


def test_answers_come_from_a_file_or_a_pipe(project: CliProject, tmp_path: Path) -> None:
    project.write({"src/retry.py": RETRY_SOURCE, "docs, old/a.md": "# A\n"})
    answers = 'embedding: none\nwatch: false\nidle_stop_minutes: 5\nfolders: [src, "docs, old"]\nport: null\n'
    done = with_answers(project, answers)
    assert done.returncode == 0, done.stderr
    config = (project.state / "config.yaml").read_text()
    assert 'folders: ["src", "docs, old"]\n' in config
    assert "idle_stop_minutes: 5\n" in config
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"embedding": "none", "watch": False}))
    project.ok(
        "setup", "--yes", "--port", str(free_port())
    )  # the first one may be taken by now, and then another is noted
    assert project.ok("setup", "--answers", str(file)) == "Nothing to change.\n"
    assert project.json("setup", "--answers", str(file), "--watch")["answers"]["watch"] is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("storag: embedded", "'storag', which is not a question (did you mean storage?)"),
        ("colour: red", "'colour', which is not a question (there are storage, "),
        ("- storage", "is not a mapping"),
        ("a: [", "is neither YAML nor JSON (line 1"),
        ("port: [1]", "port must be a single value"),
        ("port: 0", "--port 0 is not a port"),
        ("folders: nowhere", "--folders nowhere is not a directory"),
        ("storage: postgres", "setup needs --storage-url (existing PostgreSQL was chosen). No terminal to ask on."),
        ("embedding_preset: other", "setup needs --embedding-url and --embedding-model"),
        ("embedding_key: a b\nembedding_preset: ollama", "AGENT_BRAIN_EMBEDDING_API_KEY"),
        ("embedding: none\nembedding_preset: ollama", "--embedding-preset goes with --embedding openai-compatible"),
        ("pgadmin: true", "--pgadmin goes with --storage postgres-docker"),
    ],
)
def test_wrong_answers_are_refused_by_name(project: CliProject, text: str, sentence: str) -> None:
    done = with_answers(project, text)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert snapshot(project.root) == {}


def test_a_missing_answer_file_is_named(project: CliProject) -> None:
    done = project.run("setup", "--answers", "no.yaml")
    assert done.returncode == 2
    assert "--answers no.yaml cannot be read: No such file or directory." in done.stderr


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


def test_an_edit_is_shown_beside_what_setup_would_write(project: CliProject) -> None:
    project.ok("setup", "--yes", "--port", str(free_port()))
    config = project.state / "config.yaml"
    config.write_text(config.read_text() + "log_level: debug\n")
    shown = project.ok("setup", "--dry-run")
    assert "Nothing to change." in shown
    assert "+log_level: debug\n" in shown


def test_secrets_go_into_the_private_file_alone(project: CliProject) -> None:
    answers = {"embedding_preset": "openai", "embedding_key": "sk-hidden-word", "port": free_port()}
    done = with_answers(project, json.dumps(answers), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answers"]["embedding_model"] == "text-embedding-3-small"
    assert "hidden-word" not in done.stdout + done.stderr
    holding = [path for path in project.root.rglob("*") if path.is_file() and "hidden-word" in path.read_text()]
    assert [path.name for path in holding] == [".env.agent-brain"]
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


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


def test_what_cannot_be_started_leaves_the_files_and_says_so(project: CliProject) -> None:
    url = "postgresql://me:hidden-word@127.0.0.1:1/shop"
    done = with_answers(project, json.dumps({"storage_url": url, "index": True, "port": free_port()}), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "failed"
    assert "hidden-word" not in done.stdout + done.stderr
    assert (project.state / "config.yaml").is_file()


def test_the_manifest_tells_what_was_not_there_before(project: CliProject) -> None:
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
