"""What a repository's files may decide: nothing that sends text anywhere, before the person has accepted it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.attacker import Attacker
from support.cli import CliProject
from support.embedding_endpoint import EmbeddingEndpoint
from support.shop import CONFIG, ENV, TOKEN, hook, mcp, private_folder, record_of, refused, shop

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
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop(tmp_path / "my shop") as made:
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
        "file inside": ({CONFIG: "storage: {url: 'sqlite:///cache/x.db'}\n"}, "storage.url", "sqlite:///cache/x.db"),
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
    "file inside",
    "file above",
    "folder outside",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_repository_brings_is_not_used(
    project: CliProject, attacker: Attacker, outside: Path, attack: str
) -> None:
    files, _, value = attacks(attacker, outside)[attack]
    project.write({**files, ENV: TOKEN + files.get(ENV, "")})
    for command in COMMANDS if attack == "endpoint" else COMMANDS[:1]:
        refused(project.run(*command), "is not set up here", "Run: agent-brain setup")
    assert "is not set up here" in mcp(project)
    assert "set up" not in hook(project) or "To make one: /agent-brain:setup" in hook(project)
    done = project.run("setup", "--yes", "--index")
    if done.returncode == 2:  # what setup itself writes again takes the harmless default instead
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
    done = project.run("setup", "--yes", "--no-verify", "--embedding-preset", "openai", "--no-watch")
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
    project.ok("setup", "--answers", str(outside), AGENT_BRAIN_SETUP_VERIFY="no")


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
    done = project.run("setup", "--yes")
    assert "uses the old settings until you run: agent-brain restart" in done.stderr, done.stderr
    assert "is taken" not in done.stderr
    refused(project.run("search", "retry delay"), "was started with another token", "Run: agent-brain restart")
    assert "agent-brain restart" in mcp(project)
    project.ok("stop")
    assert "next_delay" in project.ok("search", "retry delay")
