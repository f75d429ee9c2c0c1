"""Whose consent a record is: a project's that moved, was copied, came to the same place or is shared by a team."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_contract.consent import record_path
from support.attacker import Attacker
from support.cli import RETRY_SOURCE, CliProject
from support.embedding_endpoint import EmbeddingEndpoint
from support.shop import CONFIG, ENV, TOKEN, private_folder, record_of, refused, shop


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop(tmp_path / "my shop") as made:
        yield made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return private_folder(tmp_path)


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


def test_a_moved_project_keeps_its_consent_when_another_one_was_set_up_in_its_place(
    project: CliProject, tmp_path: Path
) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    before = record_of(project)[1]
    moved = CliProject(project.root.rename(tmp_path / "moved away"), project.environment)
    project.write({"other.py": "def other():\n    return 1\n"})
    project.set_up()
    another = record_of(project)[1]
    assert "next_delay" in moved.ok("search", "retry delay")
    moved.ok("stop")
    assert record_of(moved)[1]["project_id"] == before["project_id"]
    assert record_of(project)[1] == another
    assert not record_path(project.root).with_suffix(".displaced.json").exists()


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
    flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch", "--no-verify")
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


def test_another_tree_with_the_id_of_a_team_has_no_consent(
    project: CliProject, attacker: Attacker, outside: Path
) -> None:
    flags = ("--embedding", "openai-compatible", "--embedding-model", "m", "--no-watch", "--no-verify")
    places = ("--embedding-url", attacker.url, "--folders", f".,{outside}", "--project-id", "the-shop-of-us")
    project.ok("setup", "--yes", *flags, *places)
    kept = {name: (project.root / name).read_text() for name in (CONFIG, ".claude/agent-brain/project.json")}
    shutil.rmtree(project.root)
    project.write({"a.py": RETRY_SOURCE, ENV: TOKEN, **kept})
    refused(project.run("search", "retry"), "is not set up here")
    refused(project.run("setup", "--yes"), "not accepted")
    assert attacker.received == b""


@pytest.mark.parametrize("content", [None, "{", "[]", '{"project_id": 5}'])
def test_a_lost_identity_is_named_by_every_command(project: CliProject, content: str | None) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.ok("stop")
    identity = project.state / "project.json"
    identity.unlink()
    if content is not None:
        identity.write_text(content)
    done = project.run("search", "retry delay")
    refused(done, "project.json", "is missing or damaged")
    found = json.loads(project.run("doctor", "--json").stdout)["findings"]
    (wrong,) = [one for one in found if one["state"] == "fail"]
    assert ("project.json is missing or damaged" in wrong["detail"], wrong["fix"]) == (True, "agent-brain setup --yes")
    project.follow(done.stderr.strip().rpartition("Run: ")[2])
    assert "next_delay" in project.ok("search", "retry delay")


def test_a_file_in_the_place_of_the_records_is_named(project: CliProject, tmp_path: Path) -> None:
    project.environment["XDG_STATE_HOME"] = str(tmp_path / "state")  # the others' records stay
    project.set_up()
    records = tmp_path / "state" / "agent-brain" / "projects"
    shutil.rmtree(records)
    records.write_text("mine\n")
    done = project.run("search", "retry")
    refused(done, str(records), "Move that file away")
    records.rename(records.with_name("moved"))
    project.ok("setup", "--yes")


def test_a_team_shares_an_index_on_purpose(project: CliProject, tmp_path: Path) -> None:
    project.set_up("--project-id", "the-shop-of-us")
    assert record_of(project)[1]["project_id"] == "the-shop-of-us"
    refused(project.run("setup", "--yes", "--project-id", "x y"), "--project-id")
    copy = CliProject(tmp_path / "copy", project.environment)
    shutil.copytree(project.root, copy.root)
    copy.ok("setup", "--yes")
    assert record_of(copy)[1]["project_id"] == "the-shop-of-us"
