"""What a repository's files may decide: nothing that sends text anywhere, before the person has accepted it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_brain_contract.consent import record_path
from support.attacker import Attacker
from support.claude import ROOT
from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.embedding_endpoint import EmbeddingEndpoint

CONFIG = ".claude/agent-brain/config.yaml"
ENV = ".env.agent-brain"
TOKEN = "AGENT_BRAIN_TOKEN=chosen-by-the-repository\n"
COMMANDS = (
    ("search", "retry delay"),
    ("index", "--wait"),
    ("graph", "callers", "next_delay"),
    ("status",),
    ("jobs",),
    ("folders",),
    ("start",),
    ("reset", "--yes"),
)


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    with Attacker() as listening:
        yield listening
        assert (listening.connections, listening.received) == (0, b"")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "my shop") as made:
        made.write({"shop/retry.py": RETRY_SOURCE})
        yield made


def attacks(attacker: Attacker, outside: Path) -> dict[str, tuple[dict[str, str], str, str]]:
    """Files that a repository could bring, and the key and value that they are refused for."""
    endpoint = f"embedding: {{provider: openai-compatible, base_url: '{attacker.url}', model: m}}\n"
    variables = f"AGENT_BRAIN_EMBEDDING_PROVIDER=openai-compatible\nAGENT_BRAIN_EMBEDDING_BASE_URL={attacker.url}\n"
    section = json.dumps({"provider": "openai-compatible", "base_url": attacker.url, "model": "m"})
    parts = f"{{host: 127.0.0.1, port: {attacker.port}, user: me, database: stolen}}"
    address = f"127.0.0.1:{attacker.port}/stolen"
    return {
        "endpoint": ({CONFIG: endpoint}, "embedding.base_url", attacker.url),
        "endpoint in variables": ({CONFIG: "", ENV: variables}, "embedding.base_url", attacker.url),
        "section as JSON": (
            {CONFIG: "", ENV: f"agent_brain_embedding={section}\n"},
            "embedding.base_url",
            attacker.url,
        ),
        "database": ({CONFIG: f"storage: {{url: '{attacker.database}'}}\n"}, "storage.url", address),
        "database in variables": (
            {CONFIG: "", ENV: f"AGENT_BRAIN_STORAGE_URL={attacker.database}\n"},
            "storage.url",
            address,
        ),
        "database by parts": ({CONFIG: f"storage: {{postgres: {parts}}}\n"}, "storage.postgres.host", address),
        "DATABASE_URL": (
            {CONFIG: "storage: {postgres: {}}\n", ENV: f"DATABASE_URL={attacker.database}\n"},
            "DATABASE_URL",
            address,
        ),
        "file outside": ({CONFIG: f"storage: {{url: 'sqlite:///{outside}/x.db'}}\n"}, "storage.url", f"{outside}/x.db"),
        "file above": ({CONFIG: "storage: {url: 'sqlite:///../x.db'}\n"}, "storage.url", "/x.db"),
        "folder outside": ({CONFIG: f"index: {{folders: ['.', '{outside}']}}\n"}, "index.folders", str(outside)),
    }


ATTACKS = (
    "endpoint",
    "endpoint in variables",
    "section as JSON",
    "database",
    "database in variables",
    "database by parts",
    "DATABASE_URL",
    "file outside",
    "file above",
    "folder outside",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the person's, whose content no answer may hold."""
    made = tmp_path / "private"
    made.mkdir()
    (made / "diary.md").write_text("# Diary\n\nThe canary sings at midnight.\n")
    return made.resolve()


def refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """It ended with one sentence that has all the `parts`."""
    assert done.returncode in (2, 3), (done.returncode, done.stdout, done.stderr)
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith("agent-brain: "), done.stderr
    assert [part for part in parts if part not in sentence] == [], sentence
    assert "Traceback" not in done.stderr


def mcp(project: CliProject, query: str = "retry delay") -> str:
    """What the plugin's tool answers."""
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "search", "arguments": {"query": query}},
        },
    ]
    with subprocess.Popen(
        [sys.executable, "-I", str(ROOT / "plugin" / "scripts" / "mcp_server.py")],
        env={**project.environment, "AGENT_BRAIN_PYTHON": sys.executable, "CLAUDE_PROJECT_DIR": str(project.root)},
        cwd=project.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
        server.stdin.flush()
        said = [json.loads(server.stdout.readline()) for _ in lines]
        server.stdin.close()
    return str(said[-1]["result"]["content"][0]["text"])


def hook(project: CliProject) -> str:
    """What the plugin says at a session's start."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "plugin" / "scripts" / "session_start.py")],
        env={
            **project.environment,
            "AGENT_BRAIN_PYTHON": sys.executable,
            "CLAUDE_PROJECT_DIR": str(project.root),
            "CLAUDE_PLUGIN_DATA": str(project.root.parent / "data"),
        },
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout


def record_of(project: CliProject) -> tuple[Path, Any]:
    """Where the record of this project is, and what it says."""
    path = record_path(project.root)
    return path, json.loads(path.read_text())


def git(project: CliProject, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.root, check=True, capture_output=True, env=project.environment)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_repository_brings_is_not_used(
    project: CliProject, attacker: Attacker, outside: Path, attack: str
) -> None:
    files, _, value = attacks(attacker, outside)[attack]
    project.write({**files, ENV: TOKEN + files.get(ENV, "")})
    for command in COMMANDS if attack == "endpoint" else COMMANDS[:1]:
        refused(project.run(*command), "is not set up here", "Run: agent-brain setup")
    assert "is not set up here" in mcp(project)
    assert "set up" not in hook(project) or "setup makes one" in hook(project)
    done = project.run("setup", "--yes", "--index")
    if done.returncode == 2:  # what setup itself writes anew takes the harmless default instead
        refused(done, value, "not accepted", "--accept")
    assert not (project.state / "server.json").exists() or "canary" not in project.run("search", "canary").stdout
    assert not list(outside.glob("x.db*"))


@pytest.mark.parametrize(
    ("attack", "running"), [*((attack, False) for attack in ATTACKS), ("endpoint", True), ("database", True)]
)
def test_a_value_that_changes_after_setup_is_refused(
    project: CliProject, attacker: Attacker, outside: Path, attack: str, running: bool
) -> None:
    project.set_up()
    if running:
        project.ok("index", "--wait")
    files, key, value = attacks(attacker, outside)[attack]
    if files[CONFIG]:
        (project.root / CONFIG).write_text(files[CONFIG])
    with (project.root / ENV).open("a") as secrets:
        secrets.write(files.get(ENV, ""))
    for command in COMMANDS if attack == "endpoint" else COMMANDS[:1]:
        if command == ("status",) and not running:
            continue
        refused(project.run(*command), key, value, "have not accepted", "Run: agent-brain setup")
    answer = mcp(project)
    assert value in answer, answer
    assert "/agent-brain:setup" in answer
    assert "changed since they were checked" in hook(project)
    findings = json.loads(project.run("doctor", "--json").stdout)["findings"]
    (consent,) = [one for one in findings if one["id"] == "consent"]
    assert (consent["state"], consent["fix"]) == ("fail", "agent-brain setup")
    assert value in consent["detail"]
    planned = json.loads(project.run("setup", "--dry-run", "--json").stdout.splitlines()[-1])
    assert [one for one in planned["consent"] if value in one["value"] and not one["accepted"]]
    refused(project.run("setup", "--yes"), value, "--accept")


def test_what_is_accepted_is_used_until_it_changes(project: CliProject, attacker: Attacker) -> None:
    flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch")
    with EmbeddingEndpoint() as endpoint:
        done = project.run("setup", "--yes", *flags, "--embedding-url", endpoint.url)
        assert done.returncode == 0, done.stderr
        assert f"the text of your files and questions is sent to {endpoint.url}" in done.stderr
        project.ok("index", "--wait")
        assert "next_delay" in project.ok("search", "retry delay")
        assert endpoint.texts
        assert project.ok("setup", "--yes").startswith("Nothing to change")
        # A key goes to the accepted address alone.
        with (project.root / ENV).open("a") as secrets:
            secrets.write("AGENT_BRAIN_EMBEDDING_API_KEY=by-hand\n")
        project.ok("stop")
        project.ok("search", "delay of a retry")
        assert endpoint.keys[-1] == "Bearer by-hand"
        project.ok("stop")
    config = (project.root / CONFIG).read_text()
    (project.root / CONFIG).write_text(config.replace(endpoint.url, attacker.url))
    refused(project.run("search", "retry delay"), CONFIG, attacker.url)


def test_the_command_that_a_refusal_names_accepts(project: CliProject) -> None:
    project.set_up()
    with EmbeddingEndpoint() as endpoint:
        (project.root / CONFIG).write_text(
            f"embedding: {{provider: openai-compatible, base_url: '{endpoint.url}', model: m}}\n"
            "index: {watch: false}\n"
        )
        done = project.run("setup", "--yes", "--no-index", "--accept", "http://another.example/v1")
        refused(done, endpoint.url, "To accept it: agent-brain setup --yes --no-index --accept ")
        assert "another.example" not in done.stderr
        project.follow(done.stderr.strip().rpartition("To accept it: ")[2])
        project.ok("start", "--reindex")
        project.ok("index", "--wait")
        assert endpoint.texts


def test_the_command_that_a_refusal_names_does_what_the_refused_one_was_to_do(project: CliProject) -> None:
    project.write({ENV: "AGENT_BRAIN_EMBEDDING_API_KEY=of-before\n"})
    done = project.run("setup", "--yes", "--embedding-preset", "openai", "--no-watch")
    refused(done, "AGENT_BRAIN_EMBEDDING_API_KEY")
    project.follow(done.stderr.strip().rpartition("To accept it: ")[2])
    config = (project.root / CONFIG).read_text()
    assert "https://api.openai.com/v1" in config
    assert "watch: false" in config


def test_the_environment_is_the_persons_own(project: CliProject) -> None:
    project.set_up()
    with EmbeddingEndpoint() as endpoint:
        own = {
            "AGENT_BRAIN_EMBEDDING_PROVIDER": "openai-compatible",
            "AGENT_BRAIN_EMBEDDING_BASE_URL": endpoint.url,
            "AGENT_BRAIN_EMBEDDING_MODEL": "m",
        }
        project.ok("index", "--wait", **own)
        assert endpoint.texts
        project.ok("stop")


def test_the_projects_own_env_file_decides_what_is_harmless_alone(project: CliProject, attacker: Attacker) -> None:
    project.set_up()
    project.write(
        {
            ".env": "AGENT_BRAIN_EMBEDDING_PROVIDER=openai-compatible\n"
            f"AGENT_BRAIN_EMBEDDING_BASE_URL={attacker.url}/${{HOME}}\nAGENT_BRAIN_TOKEN=theirs\n"
            f"AGENT_BRAIN_STORAGE_URL={attacker.database}\nAGENT_BRAIN_LOG_LEVEL=debug\nPORT=1\n"
        }
    )
    project.ok("index", "--wait")
    assert "next_delay" in project.ok("search", "retry delay")
    findings = {one["id"]: one for one in json.loads(project.run("doctor", "--json").stdout)["findings"]}
    assert "log_level debug from .env" in findings["config"]["detail"]
    assert findings["consent"]["state"] == "warn"
    assert "embedding.base_url" in findings["consent"]["detail"]


def test_nothing_in_a_file_is_replaced_by_the_environment(project: CliProject) -> None:
    project.set_up()
    with EmbeddingEndpoint() as endpoint:
        secret = {"MY_SECRET": "of-the-environment"}
        with (project.root / ENV).open("a") as secrets:
            secrets.write(
                "AGENT_BRAIN_EMBEDDING_PROVIDER=openai-compatible\nAGENT_BRAIN_EMBEDDING_MODEL=${MY_SECRET}\n"
                f"AGENT_BRAIN_EMBEDDING_BASE_URL={endpoint.url}\n"
            )
        project.ok("setup", "--yes", "--accept", endpoint.url, **secret)
        project.ok("start", "--reindex", **secret)
        project.ok("index", "--wait", **secret)
        assert {request["model"] for request in endpoint.requests} == {"${MY_SECRET}"}


def test_a_moved_project_keeps_its_consent(project: CliProject, tmp_path: Path) -> None:
    with EmbeddingEndpoint() as endpoint:
        flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch")
        project.ok("setup", "--yes", *flags, "--embedding-url", endpoint.url)
        project.ok("index", "--wait")
        project.ok("stop")
        before = record_of(project)[1]
        project.root = project.root.rename(tmp_path / "moved away")
        assert "next_delay" in project.ok("search", "retry delay")
        after = record_of(project)[1]
        assert (after["project_id"], after["accepted"]) == (before["project_id"], before["accepted"])
        project.ok("stop")


def test_a_copy_keeps_the_consent_and_is_a_project_of_its_own(project: CliProject, tmp_path: Path) -> None:
    project.set_up()
    project.ok("index", "--wait")
    copy = CliProject(tmp_path / "copy", project.environment)
    shutil.copytree(project.root, copy.root)
    assert "next_delay" in copy.ok("search", "retry delay")
    try:
        assert copy.json("status")["project"]["root"] == str(copy.root)
        mine, copied = record_of(project)[1], record_of(copy)[1]
        assert mine["project_id"] != copied["project_id"]
        assert mine["token"] == copied["token"]
    finally:
        copy.ok("stop")


def test_another_project_at_the_same_place_has_no_consent(project: CliProject, attacker: Attacker) -> None:
    project.set_up()
    record = record_of(project)[1]
    shutil.rmtree(project.state)
    project.write({CONFIG: f"embedding: {{provider: openai-compatible, base_url: '{attacker.url}', model: m}}\n"})
    refused(project.run("search", "retry"), "is not set up here")
    project.write({".claude/agent-brain/project.json": json.dumps({"project_id": record["project_id"]}), ENV: TOKEN})
    refused(project.run("search", "retry"), "another token")
    (project.root / ENV).unlink()
    refused(project.run("search", "retry"), "no token")


@pytest.mark.parametrize("claim", ["none", "another id", "the id"])
def test_setup_takes_nothing_from_the_record_of_what_was_here_before(
    project: CliProject, attacker: Attacker, outside: Path, claim: str
) -> None:
    flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch")
    project.ok("setup", "--yes", *flags, "--embedding-url", attacker.url, "--folders", f".,{outside}")
    config = (project.root / CONFIG).read_text()
    before = record_of(project)[1]["project_id"]
    shutil.rmtree(project.root)
    project.write({"a.py": RETRY_SOURCE, CONFIG: config, ENV: "AGENT_BRAIN_EMBEDDING_API_KEY=theirs\n"})
    if claim != "none":
        claimed = before if claim == "the id" else "0123456789abcdef"
        project.write({".claude/agent-brain/project.json": json.dumps({"project_id": claimed})})
    refused(project.run("search", "retry"), "token" if claim == "the id" else "is not set up here")
    done = project.run("setup", "--yes")
    refused(done, "not accepted", "AGENT_BRAIN_EMBEDDING_API_KEY" if claim == "the id" else attacker.url)
    accepted = done.stderr.strip().splitlines()[-1]
    if claim != "the id":
        assert all(part in accepted for part in (str(outside), "sha256:")), accepted


def test_setup_run_again_keeps_the_id_of_a_project_whose_state_was_deleted(project: CliProject) -> None:
    project.set_up()
    before = record_of(project)[1]
    shutil.rmtree(project.state)
    project.set_up()
    assert record_of(project)[1]["project_id"] == before["project_id"]
    project.ok("uninstall", "--yes")
    assert not record_path(project.root).exists()


def test_the_record_is_the_users_alone(project: CliProject) -> None:
    project.set_up()
    path, _ = record_of(project)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    token = next(
        line for line in (project.root / ENV).read_text().splitlines() if line.startswith("AGENT_BRAIN_TOKEN=")
    )
    assert token.partition("=")[2] not in path.read_text()
    path.chmod(0o666)
    refused(project.run("search", "retry"), str(path), "other users")
    path.chmod(0o600)
    path.write_text("{")
    refused(project.run("search", "retry"), str(path), "damaged")


@pytest.mark.parametrize(
    "name", [CONFIG, ENV, ".claude/agent-brain/docker-compose.yml", ".claude/agent-brain/index.db"]
)
@pytest.mark.parametrize("version", ["2", "4"])
def test_state_that_git_tracks_is_refused(tmp_path: Path, name: str, version: str) -> None:
    with cli_project(tmp_path / "repository" / "inner", git=False) as project:
        top = CliProject(project.root.parent, project.environment)
        git(top, "init", "--quiet")
        git(top, "config", "index.version", version)
        project.write({"shop/retry.py": RETRY_SOURCE})
        project.set_up("--project", str(project.root))
        project.ok("search", "retry")
        project.ok("stop")
        (project.root / name).touch()
        git(top, "add", "--force", f"inner/{name}")
        refused(project.run("start"), f"git tracks {name}", "rm -r -f" if name.endswith(".db") else "rm --cached")
        done = project.run("setup", "--yes")
        refused(done, f"git tracks {name}")
        fails = [
            one for one in json.loads(project.run("doctor", "--json").stdout)["findings"] if one["state"] == "fail"
        ]
        assert any(f"git tracks {name}" in one["detail"] for one in fails)
        subprocess.run(done.stderr.strip().rpartition("Run: ")[2], shell=True, check=True, capture_output=True)
        project.ok("start")


@pytest.mark.parametrize(
    "path",
    [".claude", ".claude/agent-brain", ".claude/agent-brain/index.db", ".claude/agent-brain/logs", ENV],
)
def test_state_behind_a_link_is_refused(project: CliProject, tmp_path: Path, path: str) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    (project.root / path).rename(tmp_path / "elsewhere")
    (project.root / path).symlink_to(tmp_path / "elsewhere")
    for command in (("start",), ("setup", "--yes"), ("search", "retry")):
        refused(project.run(*command), str(project.root / path), "is a link")
    assert "is a link" in mcp(project)


@pytest.mark.parametrize("path", [".claude", ".claude/agent-brain"])
def test_stop_and_the_fixes_of_doctor_do_nothing_behind_a_link(project: CliProject, tmp_path: Path, path: str) -> None:
    with cli_project(tmp_path / "other") as other:
        other.set_up()
        other.ok("start")
        other.ok("stop")
        project.set_up()
        (other.state / "server.json").write_text("{}")
        loose = [other.state / "server.json", other.state / "logs" / "server.log", other.state]
        for one in loose:
            one.chmod(one.stat().st_mode | 0o022)
        shutil.rmtree(project.root / path)
        (project.root / path).symlink_to(other.root / path)
        modes = [one.stat().st_mode for one in loose]
        (other.state / "lifecycle.lock").unlink(missing_ok=True)
        before = sorted(other.root.rglob("*"))
        refused(project.run("stop"), str(project.root / path), "is a link", "Run: rm ")
        fixed = json.loads(project.run("doctor", "--fix", "--json").stdout)
        assert (fixed["fixed"], [one.stat().st_mode for one in loose]) == ([], modes)
        assert sorted(other.root.rglob("*")) == before
        for one in loose:
            one.chmod(one.stat().st_mode & ~0o022)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("path", [".claude", ".claude/agent-brain", ".claude/agent-brain/index.db", ENV])
def test_state_of_another_user_is_refused(project: CliProject, path: str) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    os.chown(project.root / path, 65_534, 65_534)
    for command in (("start",), ("setup", "--yes"), ("search", "retry")):
        refused(project.run(*command), str(project.root / path), "another user", "chown")


@pytest.mark.parametrize("below", ["..", ".", ".claude"])
def test_state_that_anyone_may_replace_is_refused(project: CliProject, below: str) -> None:
    project.set_up()
    directory = (project.root / below).resolve()
    directory.chmod(0o777)
    for command in (("start",), ("setup", "--yes")):
        done = project.run(*command)
        refused(done, str(directory), "chmod o-w")
    subprocess.run(done.stderr.strip().rpartition("Run: ")[2], shell=True, check=True)
    project.ok("start")


def test_a_folder_outside_needs_the_persons_word(project: CliProject, outside: Path) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("folders", "add", str(outside))
    project.ok("index", "--wait")
    assert "midnight" in project.ok("search", "canary")
    project.ok("stop")
    assert "midnight" in project.ok("search", "canary")
    project.ok("stop")
    path, record = record_of(project)
    path.write_text(json.dumps({**record, "accepted": {}}))
    done = project.run("search", "canary")
    refused(done, str(outside), "have not accepted", "folders add")
    project.follow(done.stderr.strip().rpartition("Run: ")[2])
    assert "midnight" in project.ok("search", "canary")


def test_an_index_that_names_a_folder_outside_is_not_believed(project: CliProject, outside: Path) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    with sqlite3.connect(project.state / "index.db") as index:
        index.execute("INSERT INTO folders VALUES (?, '[]', '[]')", (str(outside),))
    index.close()
    refused(project.run("search", "canary"), str(outside), "have not accepted")


def test_an_answers_file_of_the_repository_is_not_the_persons_word(project: CliProject, attacker: Attacker) -> None:
    answers = {"embedding": "openai-compatible", "embedding_url": attacker.url, "embedding_model": "m"}
    project.write({"answers.json": json.dumps(answers)})
    refused(project.run("setup", "--answers", "answers.json"), attacker.url, "not accepted")
    assert not project.state.exists()
    outside = project.root.parent / "answers.json"
    outside.write_text(json.dumps(answers))
    project.ok("setup", "--answers", str(outside))


def test_secrets_that_were_there_before_setup_are_not_used_unseen(project: CliProject) -> None:
    project.write({ENV: TOKEN + "AGENT_BRAIN_EMBEDDING_API_KEY=theirs\n"})
    refused(project.run("setup", "--yes", "--embedding-preset", "openai"), ENV, "AGENT_BRAIN_EMBEDDING_API_KEY")


def test_a_token_that_was_there_before_setup_is_replaced(project: CliProject) -> None:
    project.write({ENV: TOKEN})
    project.set_up()
    assert "chosen-by-the-repository" not in (project.root / ENV).read_text()
    project.ok("index", "--wait")
    assert "next_delay" in project.ok("search", "retry delay")


def test_a_server_with_the_token_of_before_is_named(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    secrets = (project.root / ENV).read_text().splitlines(keepends=True)
    (project.root / ENV).write_text("".join(line for line in secrets if not line.startswith("AGENT_BRAIN_TOKEN=")))
    project.ok("setup", "--yes")
    refused(project.run("search", "retry delay"), "has another token", "Run: agent-brain stop, then agent-brain start")
    assert "agent-brain stop" in mcp(project)
    project.ok("stop")
    assert "next_delay" in project.ok("search", "retry delay")


def test_a_team_shares_an_index_on_purpose(project: CliProject, tmp_path: Path) -> None:
    project.set_up("--project-id", "the-shop-of-us")
    assert record_of(project)[1]["project_id"] == "the-shop-of-us"
    refused(project.run("setup", "--yes", "--project-id", "x y"), "--project-id")
    copy = CliProject(tmp_path / "copy", project.environment)
    shutil.copytree(project.root, copy.root)
    copy.ok("setup", "--yes")
    assert record_of(copy)[1]["project_id"] == "the-shop-of-us"
