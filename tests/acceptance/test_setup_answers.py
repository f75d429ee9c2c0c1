"""Where `agent-brain setup` takes its answers from, and which it refuses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project, free_port
from support.setup_files import snapshot, with_answers


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        yield made


def test_without_yes_it_never_waits(project: CliProject) -> None:
    done = project.run("setup")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert snapshot(project.root) == {}


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
        *("setup", "--yes", "--no-verify", "--embedding", "openai-compatible", "--embedding-model", "m"),
        *("--embedding-url", "http://h/v1"),
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


def test_the_environment_answers_too(project: CliProject) -> None:
    project.ok("setup", "--yes", AGENT_BRAIN_EMBEDDING_PROVIDER="none")
    assert 'provider: "none"' in (project.state / "config.yaml").read_text()


def test_a_pipe_that_stays_open_is_not_waited_for(project: CliProject) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([COMMAND, "setup"], cwd=project.root, env=project.environment, text=True, **pipes) as child:
        assert child.wait(20) == 2
        _, stderr = child.communicate()
    assert "--answers FILE: no terminal to ask on" in stderr
    assert snapshot(project.root) == {}


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


def test_what_cannot_be_started_leaves_the_files_and_says_so(project: CliProject) -> None:
    url = "postgresql://me:hidden-word@127.0.0.1:1/shop"
    answers = {"storage_url": url, "verify": False, "index": True, "port": free_port()}
    done = with_answers(project, json.dumps(answers), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "failed"
    assert "hidden-word" not in done.stdout + done.stderr
    assert (project.state / "config.yaml").is_file()


def test_a_variable_that_names_no_answer_is_refused_by_name(project: CliProject) -> None:
    done = project.run("setup", "--yes", AGENT_BRAIN_SETUP_STORGE="postgres")
    assert done.returncode == 2
    assert "AGENT_BRAIN_SETUP_STORGE (did you mean AGENT_BRAIN_SETUP_STORAGE?)" in done.stderr
    assert "Run: unset AGENT_BRAIN_SETUP_STORGE\n" in done.stderr
    assert snapshot(project.root) == {}
