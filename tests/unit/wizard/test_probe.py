"""Facts about a project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, probe_project
from support.consent import accept


def write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_an_empty_directory(tmp_path: Path) -> None:
    facts = probe_project(tmp_path)
    assert (facts.in_git, facts.files, facts.saved, facts.token) == (False, {}, {}, "")


def test_saved_answers_are_read_back(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, CONFIG, "port: 7\nstorage: {url: 'sqlite:///x'}\nindex: {watch: false}\nembedding: [odd]\n")
    write(tmp_path, ".env.agent-brain", "AGENT_BRAIN_TOKEN=t\nAGENT_BRAIN_PORT=9\n")
    facts = probe_project(tmp_path)
    assert facts.in_git
    assert facts.saved == {"storage_url": "sqlite:///x", "watch": False, "port": 9}
    assert (facts.token, facts.config_port, facts.config_error) == ("", 7, "")
    accept(tmp_path)
    assert probe_project(tmp_path).token == "t"
    assert facts.was_edited(CONFIG)


@pytest.mark.parametrize("text", ["a: [", "- list", "\tx", "a: b: c", "just words"])
def test_a_config_that_cannot_be_read_is_reported(tmp_path: Path, text: str) -> None:
    write(tmp_path, CONFIG, text)
    facts = probe_project(tmp_path)
    assert facts.config_error
    assert facts.saved == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": []}', '{"files": 1}'])
def test_a_damaged_manifest_is_none(tmp_path: Path, content: str) -> None:
    write(tmp_path, ".claude/agent-brain/manifest.json", content)
    assert probe_project(tmp_path).manifest == {}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env.agent-brain").mkdir()
    with pytest.raises(SetupError, match="not a file"):
        probe_project(tmp_path)
    (tmp_path / ".env.agent-brain").rmdir()
    os.mkfifo(tmp_path / ".gitignore")
    with pytest.raises(SetupError, match="not a file"):
        probe_project(tmp_path)
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".claude").write_text("")
    with pytest.raises(SetupError, match="not a directory"):
        probe_project(tmp_path)


@pytest.mark.parametrize("target", [".claude", "settings", "/"])
def test_a_link_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / ".claude").symlink_to(target)
    with pytest.raises(SetupError, match="is a link"):
        probe_project(tmp_path.resolve())


CONTAINER = "storage: {postgres: {host: 127.0.0.1, port: 5440}}\n"


def test_the_container_of_an_earlier_setup_is_known(tmp_path: Path) -> None:
    write(tmp_path, CONFIG, CONTAINER)
    write(tmp_path, COMPOSE, "services: {postgres: {image: i, ports: ['127.0.0.1:5441:5432']}}\n")
    write(tmp_path, ".env.agent-brain", "POSTGRES_PASSWORD=p\n")
    facts = probe_project(tmp_path)
    # The container's word counts for more: it is what is published.
    assert facts.saved == {"storage": "postgres-docker", "postgres_image": "i", "postgres_port": 5441}
    assert facts.variables == {"POSTGRES_PASSWORD": "p"}


@pytest.mark.parametrize("text", ["", "- a", "services: {postgres: [1]}", "services: {postgres: {ports: 1}}", "a: ["])
def test_a_compose_file_of_another_shape_says_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, CONFIG, CONTAINER)
    write(tmp_path, COMPOSE, text)
    assert probe_project(tmp_path).saved == {"storage": "postgres-docker", "postgres_port": 5440}


def test_a_database_section_without_a_compose_file_is_the_users_own(tmp_path: Path) -> None:
    write(tmp_path, CONFIG, CONTAINER)
    assert "storage" not in probe_project(tmp_path).saved


def test_the_url_in_the_env_file_goes_first_as_in_the_server(tmp_path: Path) -> None:
    write(tmp_path, CONFIG, CONTAINER.replace("{postgres", "{url: 'sqlite:///x', postgres"))
    write(tmp_path, COMPOSE, "")
    assert probe_project(tmp_path).saved == {"storage_url": "sqlite:///x", "postgres_port": 5440}
    write(tmp_path, ".env.agent-brain", "AGENT_BRAIN_STORAGE_URL=postgresql://h/d\n")
    assert probe_project(tmp_path).saved == {"storage_url": "postgresql://h/d", "postgres_port": 5440}
