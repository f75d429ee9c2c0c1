"""Facts about a project and its ports."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.probe import CONFIG, FIRST_PORT, choose_port, is_free, probe_project


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
    assert (facts.token, facts.config_port, facts.config_error) == ("t", 7, "")
    assert facts.was_edited(CONFIG)


@pytest.mark.parametrize("text", ["a: [", "- list", "\tx", "a: b: c", "just words"])
def test_a_config_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
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


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".claude").symlink_to(".claude")
    with pytest.raises(SetupError, match="symbolic link"):
        probe_project(tmp_path.resolve())


def test_a_link_within_the_project_is_fine(tmp_path: Path) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / ".claude").symlink_to("settings")
    assert probe_project(tmp_path.resolve()).files == {}


def test_ports(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert not is_free(taken)
        with pytest.raises(SetupError, match=rf"--port {taken} is taken by .*pid {os.getpid()}"):
            choose_port(tmp_path, taken, None)
        moved = choose_port(tmp_path, None, taken)
        assert moved.port >= FIRST_PORT
        assert f"port {taken} is taken by" in moved.remark
    assert is_free(taken)
    assert choose_port(tmp_path, None, taken) == choose_port(tmp_path, taken, taken)
    assert choose_port(tmp_path, taken, None).port == taken
    assert FIRST_PORT <= choose_port(tmp_path, None, None).port < FIRST_PORT + 200
