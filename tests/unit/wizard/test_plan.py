"""What setup plans: new files, missing ones, edited ones, and where the database's URL is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.answers.answers import resolve
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.facts.probe import CONFIG, GITIGNORE, MANIFEST, ExistingFile, Facts
from agent_brain_wizard.plan.plan import Chosen, Plan, make_plan
from agent_brain_wizard.plan.render import render_config, render_env, render_gitignore, templates_directory
from unit.wizard.plans import (
    ANSWERS,
    CHOSEN,
    CHOSEN_CONTAINER,
    ENV,
    NOTHING,
    after,
    content_of,
    edited,
    found_again,
    written,
)

URL = "postgresql://u:secret@h:5/d"


def test_everything_is_new() -> None:
    plan = make_plan(NOTHING, ANSWERS, CHOSEN)
    assert written(plan) == {CONFIG: 0o644, ENV: 0o600, IDENTITY: 0o600, GITIGNORE: 0o644, MANIFEST: 0o644}
    assert plan.kept == {}


def test_a_second_plan_is_empty(done: Facts) -> None:
    assert make_plan(done, ANSWERS, replace(CHOSEN, token="another")) == Plan(())


@pytest.mark.parametrize("path", [CONFIG, ENV, GITIGNORE, MANIFEST])
def test_what_is_missing_is_written_again(done: Facts, path: str) -> None:
    facts = replace(done, files={name: file for name, file in done.files.items() if name != path})
    facts = replace(facts, manifest={} if path == MANIFEST else done.manifest)
    plan = make_plan(facts, ANSWERS, CHOSEN)
    assert set(written(plan)) == {path}
    assert plan.kept == {}


@pytest.mark.parametrize("path", [CONFIG, ENV])
def test_an_edited_file_is_kept(done: Facts, path: str) -> None:
    facts = edited(done, path, b"\n# mine\n")
    plan = make_plan(facts, ANSWERS, CHOSEN)
    assert plan.writes == ()
    assert list(plan.kept) == [path]


def test_an_edited_config_refuses_other_answers(done: Facts) -> None:
    with pytest.raises(EditedFileError, match=r"index\.watch .* false"):
        make_plan(edited(done, CONFIG, b"# mine\n"), resolve({"watch": False}, {}, {}), CHOSEN)


def test_an_untouched_config_takes_other_answers(done: Facts) -> None:
    plan = make_plan(done, resolve({"watch": False}, {}, {}), CHOSEN)
    assert set(written(plan)) == {CONFIG, MANIFEST}
    assert yaml.safe_load(plan.writes[0].content)["index"]["watch"] is False


def test_a_new_port_changes_one_line_and_keeps_the_rest(done: Facts) -> None:
    facts = edited(done, ENV, b"AGENT_BRAIN_EMBEDDING_API_KEY=k")
    plan = make_plan(facts, ANSWERS, replace(CHOSEN, port=9000))
    (write,) = plan.writes
    assert write.path == ENV
    assert write.content == facts.files[ENV].content.replace(b"8317", b"9000")
    assert write.mode == 0o600


def test_a_foreign_env_file_is_added_to() -> None:
    facts = replace(NOTHING, files={ENV: ExistingFile(b"AGENT_BRAIN_LOG_LEVEL=debug", 0o600)})
    plan = make_plan(facts, ANSWERS, CHOSEN)
    content = next(write.content for write in plan.writes if write.path == ENV)
    assert content == b"AGENT_BRAIN_LOG_LEVEL=debug\nAGENT_BRAIN_TOKEN=token\nAGENT_BRAIN_PORT=8317\n"
    # What was not the wizard's is never in the manifest, so that it is never taken for the wizard's later.
    assert ENV not in json.loads(plan.writes[-1].content)["files"]


def test_an_edited_block_is_kept(done: Facts) -> None:
    content = done.files[GITIGNORE].content.replace(b".env.agent-brain", b".env.*")
    facts = replace(done, files={**done.files, GITIGNORE: ExistingFile(content, 0o644)})
    plan = make_plan(facts, ANSWERS, CHOSEN)
    assert plan.writes == ()
    assert list(plan.kept) == [GITIGNORE]


def test_lines_around_the_block_are_the_users_own(done: Facts) -> None:
    facts = edited(done, GITIGNORE, b"theirs\n")
    assert make_plan(facts, ANSWERS, CHOSEN) == Plan(())


def test_outside_git_the_block_is_written_for_the_day_that_git_comes() -> None:
    outside = replace(NOTHING, in_git=False)
    assert GITIGNORE in written(make_plan(outside, ANSWERS, Chosen("t", 1)))
    present = replace(outside, files={GITIGNORE: ExistingFile(b"x\n", 0o664)})
    assert written(make_plan(present, ANSWERS, Chosen("t", 1)))[GITIGNORE] == 0o664


@pytest.mark.parametrize("value", ['a"b', "a: b # c", "{x}", "é 店", "'"])
def test_values_are_quoted_for_yaml(value: str) -> None:
    answers = resolve(
        {"embedding": "openai-compatible", "embedding_url": f"http://h/{value}", "embedding_model": value}, {}, {}
    )
    tree = yaml.safe_load(render_config(answers))
    assert tree["embedding"] == {"provider": "openai-compatible", "base_url": f"http://h/{value}", "model": value}


def test_the_templates_hold_what_the_client_reads() -> None:
    assert templates_directory().is_dir()
    assert b"\nAGENT_BRAIN_TOKEN=abc\n" in render_env({"AGENT_BRAIN_TOKEN": "abc"})
    assert {b".claude/agent-brain/", b".env.agent-brain"} <= set(render_gitignore().splitlines())


def test_a_database_section_of_the_users_own_is_kept(done: Facts, tmp_path: Path) -> None:
    config = b"storage:\n  postgres: {host: db.example, pool_size: 5}\n"
    facts = found_again({**done.files, CONFIG: ExistingFile(config, 0o644)}, tmp_path)
    plan = make_plan(facts, resolve({}, {}, facts.saved), CHOSEN)
    assert plan.writes == ()
    assert list(plan.kept) == [CONFIG]


def test_a_url_that_the_user_wrote_into_the_config_stays_there_alone(done: Facts, tmp_path: Path) -> None:
    config = f"storage: {{url: '{URL}'}}\n".encode()
    facts = found_again({**done.files, CONFIG: ExistingFile(config, 0o600)}, tmp_path)
    plan = make_plan(facts, resolve({}, {}, facts.saved), CHOSEN)
    assert plan.writes == ()
    assert list(plan.kept) == [CONFIG]


def test_a_url_with_a_password_is_in_the_private_file_alone(done: Facts, tmp_path: Path) -> None:
    answers = resolve({"storage_url": URL}, {}, done.saved)
    plan = make_plan(done, answers, CHOSEN)
    assert [write.path for write in plan.writes if b"secret" in write.content] == [ENV]
    assert f"AGENT_BRAIN_STORAGE_URL={URL}\n".encode() in content_of(plan, ENV)
    assert "storage" not in yaml.safe_load(content_of(plan, CONFIG))
    facts = after(done, plan, tmp_path)
    assert make_plan(facts, resolve({}, {}, facts.saved), CHOSEN) == Plan(())


def test_every_way_back_takes_the_old_url_along(done: Facts, tmp_path: Path) -> None:
    facts = after(done, make_plan(done, resolve({"storage_url": URL}, {}, done.saved), CHOSEN), tmp_path)
    for flags, chosen in (({"storage": "embedded"}, CHOSEN), ({"storage": "postgres-docker"}, CHOSEN_CONTAINER)):
        plan = make_plan(facts, resolve(flags, {}, facts.saved), chosen)
        assert b"AGENT_BRAIN_STORAGE_URL" not in content_of(plan, ENV)
        assert b"AGENT_BRAIN_TOKEN=token\n" in content_of(plan, ENV)
