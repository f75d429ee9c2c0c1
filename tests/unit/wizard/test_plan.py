"""From facts and answers to writes, without a file system."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent_brain_wizard.answers import Answers, resolve
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.plan import Plan, make_plan
from agent_brain_wizard.probe import CONFIG, GITIGNORE, MANIFEST, ExistingFile, Facts
from agent_brain_wizard.render import render_config, render_env, render_gitignore, templates_directory

ENV = ".env.agent-brain"
NOTHING = Facts(Path("/p"), True, {}, {}, {}, "", None, "")
ANSWERS = resolve({}, {}, {})


def after(facts: Facts, plan: Plan, answers: Answers = ANSWERS) -> Facts:
    """The facts once `plan` is applied."""
    files = facts.files | {write.path: ExistingFile(write.content, write.mode) for write in plan.writes}
    manifest = json.loads(files[MANIFEST].content)["files"]
    saved = {name: value for name, value in answers.as_mapping().items() if value is not None}
    return replace(facts, files=files, manifest=manifest, saved={**saved, "port": 8317}, token="token")


@pytest.fixture
def done() -> Facts:
    return after(NOTHING, make_plan(NOTHING, ANSWERS, "token", 8317))


def edited(facts: Facts, path: str, addition: bytes) -> Facts:
    found = facts.files[path]
    return replace(facts, files={**facts.files, path: ExistingFile(found.content + addition, found.mode)})


def written(plan: Plan) -> dict[str, int]:
    return {write.path: write.mode for write in plan.writes}


def test_everything_is_new() -> None:
    plan = make_plan(NOTHING, ANSWERS, "token", 8317)
    assert written(plan) == {CONFIG: 0o644, ENV: 0o600, GITIGNORE: 0o644, MANIFEST: 0o644}
    assert plan.kept == {}


def test_a_second_plan_is_empty(done: Facts) -> None:
    assert make_plan(done, ANSWERS, "another", 8317) == Plan(())


@pytest.mark.parametrize("path", [CONFIG, ENV, GITIGNORE, MANIFEST])
def test_what_is_missing_is_written_again(done: Facts, path: str) -> None:
    facts = replace(done, files={name: file for name, file in done.files.items() if name != path})
    facts = replace(facts, manifest={} if path == MANIFEST else done.manifest)
    plan = make_plan(facts, ANSWERS, "token", 8317)
    assert set(written(plan)) == {path}
    assert plan.kept == {}


@pytest.mark.parametrize("path", [CONFIG, ENV])
def test_an_edited_file_is_kept(done: Facts, path: str) -> None:
    facts = edited(done, path, b"\n# mine\n")
    plan = make_plan(facts, ANSWERS, "token", 8317)
    assert plan.writes == ()
    assert list(plan.kept) == [path]


def test_an_edited_config_refuses_other_answers(done: Facts) -> None:
    with pytest.raises(EditedFileError, match=r"index\.watch .* false"):
        make_plan(edited(done, CONFIG, b"# mine\n"), resolve({"watch": False}, {}, {}), "token", 8317)


def test_an_untouched_config_takes_other_answers(done: Facts) -> None:
    plan = make_plan(done, resolve({"watch": False}, {}, {}), "token", 8317)
    assert set(written(plan)) == {CONFIG, MANIFEST}
    assert yaml.safe_load(plan.writes[0].content)["index"]["watch"] is False


def test_a_new_port_changes_one_line_and_keeps_the_rest(done: Facts) -> None:
    facts = edited(done, ENV, b"AGENT_BRAIN_EMBEDDING_API_KEY=k")
    plan = make_plan(facts, ANSWERS, "token", 9000)
    (write,) = plan.writes
    assert write.path == ENV
    assert write.content == facts.files[ENV].content.replace(b"8317", b"9000")
    assert write.mode == 0o600


def test_a_foreign_env_file_is_added_to() -> None:
    facts = replace(NOTHING, files={ENV: ExistingFile(b"AGENT_BRAIN_LOG_LEVEL=debug", 0o600)})
    plan = make_plan(facts, ANSWERS, "token", 8317)
    content = next(write.content for write in plan.writes if write.path == ENV)
    assert content == b"AGENT_BRAIN_LOG_LEVEL=debug\nAGENT_BRAIN_TOKEN=token\nAGENT_BRAIN_PORT=8317\n"
    # What was not the wizard's is never in the manifest, so that it is never taken for the wizard's later.
    assert ENV not in json.loads(plan.writes[-1].content)["files"]


def test_an_edited_block_is_kept(done: Facts) -> None:
    content = done.files[GITIGNORE].content.replace(b".env.agent-brain", b".env.*")
    facts = replace(done, files={**done.files, GITIGNORE: ExistingFile(content, 0o644)})
    plan = make_plan(facts, ANSWERS, "token", 8317)
    assert plan.writes == ()
    assert list(plan.kept) == [GITIGNORE]


def test_lines_around_the_block_are_the_users_own(done: Facts) -> None:
    facts = edited(done, GITIGNORE, b"theirs\n")
    assert make_plan(facts, ANSWERS, "token", 8317) == Plan(())


def test_outside_git_only_an_existing_gitignore_is_added_to() -> None:
    outside = replace(NOTHING, in_git=False)
    assert GITIGNORE not in written(make_plan(outside, ANSWERS, "t", 1))
    present = replace(outside, files={GITIGNORE: ExistingFile(b"x\n", 0o664)})
    assert written(make_plan(present, ANSWERS, "t", 1))[GITIGNORE] == 0o664


@pytest.mark.parametrize("value", ['a"b', "a: b # c", "{x}", "é 店", "a\nb", "'"])
def test_values_are_quoted_for_yaml(value: str) -> None:
    answers = resolve(
        {"embedding": "openai-compatible", "embedding_url": f"http://h/{value}", "embedding_model": value}, {}, {}
    )
    tree = yaml.safe_load(render_config(answers))
    assert tree["embedding"] == {"provider": "openai-compatible", "base_url": f"http://h/{value}", "model": value}


def test_the_templates_hold_what_the_client_reads() -> None:
    assert templates_directory().is_dir()
    assert b"AGENT_BRAIN_TOKEN=abc\n" in render_env("abc", 1)
    assert {b".claude/agent-brain/", b".env.agent-brain"} <= set(render_gitignore().splitlines())
