"""A sentence names the file that is in the way and a command; that command, run to the letter, works."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_contract.consent import record_path
from support.cli import RETRY_SOURCE, CliProject, cli_project

CONFIG, ENV = ".claude/agent-brain/config.yaml", ".env.agent-brain"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "my shop") as made:
        made.write({"shop/retry.py": RETRY_SOURCE})
        made.set_up()
        yield made


def refusal(project: CliProject, *arguments: str, code: int = 2) -> str:
    """The one sentence that a command ends with."""
    done = project.run(*arguments)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("agent-brain: ")]
    return sentence.removeprefix("agent-brain: ")


def findings(project: CliProject) -> dict[str, dict[str, str]]:
    return {one["id"]: one for one in json.loads(project.run("doctor", "--json").stdout)["findings"]}


BROKEN = {
    "no YAML": (CONFIG, b"port: ["),
    "no mapping": (CONFIG, b"- 1"),
    "YAML that is not UTF-8": (CONFIG, b"log_level: \xff"),
    "a control character": (CONFIG, b"log_level: \x1b"),
    "variables that are not UTF-8": (ENV, b"# \xff\n"),
    "a section that is no JSON": (ENV, b"AGENT_BRAIN_INDEX={\n"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_settings_file_is_named_with_a_command_that_begins_again(project: CliProject, kind: str) -> None:
    name, content = BROKEN[kind]
    kept = b"" if name == CONFIG else (project.root / ENV).read_bytes()
    (project.root / name).write_bytes(kept + content)
    other = ENV if name == CONFIG else CONFIG
    found = findings(project)["config"]
    setup = refusal(project, "setup", "--yes")
    search = refusal(project, "search", "retry", code=3).removeprefix("the server did not start: ")
    assert found["state"] == "fail"
    for said in (found["detail"], setup, search):
        assert said.startswith(f"{name} cannot be read: ")
        assert other not in said
        assert "<file>" not in said
    assert found["fix"] in setup
    project.follow(found["fix"])
    project.ok("index", "--wait")
    assert "next_delay" in project.ok("search", "retry delay")
    assert findings(project)["config"]["state"] == "ok"


def test_a_wrong_setting_is_not_passed_over_by_setup(project: CliProject) -> None:
    with (project.root / CONFIG).open("a") as config:
        config.write("indexx: {}\n")
    assert refusal(project, "setup", "--yes").startswith(f"indexx in {CONFIG} is not a setting")


def test_a_damaged_record_is_named_with_the_command_that_deletes_it(project: CliProject) -> None:
    record = record_path(project.root)
    record.write_text("{")
    sentence = refusal(project, "search", "retry")
    assert str(record) in sentence
    found = findings(project)
    assert "is damaged" in found["setup"]["detail"]
    assert found["setup"]["fix"] == sentence.partition(" again, run: ")[2]
    assert found["setup"]["fix"].endswith("&& agent-brain setup")
    project.follow(found["setup"]["fix"] + " --yes")
    project.ok("search", "retry")


def test_uninstall_needs_no_record(project: CliProject) -> None:
    record_path(project.root).write_text("{")
    project.ok("uninstall", "--yes")
    assert sorted(path.name for path in project.root.iterdir()) == [".git", "shop"]
    assert not record_path(project.root).exists()


@pytest.mark.parametrize("command", ["start", "stop"])
def test_a_lock_that_is_a_link_is_named(project: CliProject, command: str) -> None:
    lock = project.state / "lifecycle.lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to("nowhere")
    sentence = refusal(project, command)
    assert str(lock) in sentence
    project.follow(sentence.partition(" Run: ")[2])
    project.ok(command)


def test_a_link_in_the_place_of_the_older_log_is_named(project: CliProject) -> None:
    older = project.state / "logs" / "server.log.1"
    older.parent.mkdir(exist_ok=True)
    older.symlink_to("nowhere")
    sentence = refusal(project, "start")
    assert str(older) in sentence
    project.follow(sentence.partition(" Run: ")[2])
    project.ok("start")


def test_a_path_that_is_not_utf_8_is_refused_by_setup(tmp_path: Path) -> None:
    with cli_project(tmp_path / os.fsdecode(b"b\xff\xfed")) as project:
        for flags in (("--yes",), ("--yes", "--index"), ("--dry-run",)):
            sentence = refusal(project, "setup", *flags)
            assert "b\\udcff\\udcfed" in sentence
            assert "not valid UTF-8" in sentence
        assert not project.state.exists()
        assert findings(project)["setup"]["state"] == "fail"


def test_doctor_in_the_home_directory_proposes_what_works(project: CliProject) -> None:
    home = CliProject(Path(project.environment["HOME"]), project.environment)
    found = findings(home)["setup"]
    assert "not a project" in found["detail"]
    assert found["fix"] == "agent-brain setup --project PATH"
    shutil.rmtree(project.state)
    home.follow(f"{found['fix'].removesuffix('PATH')}'{project.root}' --yes")


@pytest.mark.parametrize("embedding", ["none", "built-in"])
def test_a_file_of_the_users_in_the_place_of_the_vectors_is_kept(project: CliProject, embedding: str) -> None:
    mine = project.root / "x" / "i.vectors"
    project.write({"x/i.vectors": "mine, for years\n" * 100})
    project.ok("setup", "--yes", "--storage-url", "sqlite:///x/i.db", "--embedding", embedding)
    sentence = refusal(project, "start", code=3)
    assert str(mine) in sentence
    assert mine.read_text() == "mine, for years\n" * 100
    assert [path.name for path in mine.parent.iterdir()] == ["i.vectors"]
    mine.rename(project.root / "x" / "other")
    project.ok("index", "--wait")
    assert "next_delay" in project.ok("search", "retry delay")


def test_a_copy_keeps_a_file_of_the_users_in_the_place_of_the_vectors(project: CliProject) -> None:
    project.ok("index", "--wait")
    project.ok("stop")
    project.write({"x/i.vectors": "mine, for years\n"})
    done = project.run("storage", "copy", "--to", "sqlite:///x/i.db")
    assert done.returncode
    assert "i.vectors is another program's file" in done.stderr
    assert [path.name for path in (project.root / "x").iterdir()] == ["i.vectors"]
