"""From facts and answers to writes, without a file system."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent_brain_contract.consent import Record, token_hash
from agent_brain_contract.container import project_role
from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.answers import resolve
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.logins import present_login, upgrade_steps
from agent_brain_wizard.plan import Chosen, Plan, compose_project, make_plan
from agent_brain_wizard.probe import COMPOSE, CONFIG, GITIGNORE, MANIFEST, ExistingFile, Facts, probe_project, sha256
from agent_brain_wizard.questions import DEFAULT_IMAGE
from agent_brain_wizard.render import render_compose, render_config, render_env, render_gitignore, templates_directory

ENV = ".env.agent-brain"
NOTHING = Facts(Path("/p"), True, {}, {}, {}, "", None, {}, {})
ANSWERS = resolve({}, {}, {})
CHOSEN = Chosen("token", 8317, project_id="p" * 8)
URL = "postgresql://u:secret@h:5/d"
CONTAINER = resolve({"storage": "postgres-docker"}, {}, {})
CHOSEN_CONTAINER = Chosen("token", 8317, "made-up", 5433, project_id="p" * 8, superuser_password="made-up too")
ROLE = project_role("agent_brain", "p" * 8)


def found_again(files: dict[str, ExistingFile], tmp_path: Path) -> Facts:
    """The facts of a project that has `files`."""
    for path, file in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)
    record = Record(str(NOTHING.root), "p" * 8, token=token_hash("token"))
    return replace(probe_project(tmp_path), root=NOTHING.root, in_git=True, record=record)


def after(facts: Facts, plan: Plan, tmp_path: Path) -> Facts:
    """The facts once `plan` is applied."""
    written = {write.path: ExistingFile(write.content, write.mode) for write in plan.writes}
    return found_again(facts.files | written, tmp_path)


@pytest.fixture
def done(tmp_path: Path) -> Facts:
    return after(NOTHING, make_plan(NOTHING, ANSWERS, CHOSEN), tmp_path)


@pytest.fixture
def contained(tmp_path: Path) -> Facts:
    return after(NOTHING, make_plan(NOTHING, CONTAINER, CHOSEN_CONTAINER), tmp_path)


def edited(facts: Facts, path: str, addition: bytes) -> Facts:
    found = facts.files[path]
    return replace(facts, files={**facts.files, path: ExistingFile(found.content + addition, found.mode)})


def written(plan: Plan) -> dict[str, int]:
    return {write.path: write.mode for write in plan.writes}


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


def test_outside_git_only_an_existing_gitignore_is_added_to() -> None:
    outside = replace(NOTHING, in_git=False)
    assert GITIGNORE not in written(make_plan(outside, ANSWERS, Chosen("t", 1)))
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


def content_of(plan: Plan, path: str) -> bytes:
    return next(write.content for write in plan.writes if write.path == path)


def test_a_container_gets_a_compose_file_and_a_password(tmp_path: Path) -> None:
    plan = make_plan(NOTHING, CONTAINER, CHOSEN_CONTAINER)
    assert written(plan) == {
        CONFIG: 0o644,
        ENV: 0o600,
        COMPOSE: 0o644,
        IDENTITY: 0o600,
        GITIGNORE: 0o644,
        MANIFEST: 0o644,
    }
    assert yaml.safe_load(content_of(plan, CONFIG))["storage"] == {
        "postgres": {"host": "127.0.0.1", "port": 5433, "database": "agent_brain", "user": ROLE}
    }
    assert COMPOSE in json.loads(content_of(plan, MANIFEST))["files"]
    holders = [write.path for write in plan.writes if b"made-up" in write.content]
    assert holders == [ENV]
    others = replace(CHOSEN_CONTAINER, password="other", superuser_password="another")
    assert make_plan(after(NOTHING, plan, tmp_path), CONTAINER, others) == Plan(())


def test_what_the_compose_file_promises() -> None:
    project = compose_project(Path("/p"))
    tree = yaml.safe_load(render_compose(project, DEFAULT_IMAGE, 5450))
    service = tree["services"]["postgres"]
    assert tree["name"] == project != compose_project(Path("/q"))
    assert service["image"] == DEFAULT_IMAGE
    assert service["ports"] == ["127.0.0.1:5450:5432"], "this machine alone"
    assert service["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_SUPERUSER_PASSWORD:?")
    assert "--host=127.0.0.1" in service["healthcheck"]["test"], "the server that makes the database has no TCP"
    assert service["volumes"] == ["postgres-data:/var/lib/postgresql/data"]
    assert service["restart"] == "unless-stopped"
    # Names of their own would be shared by all projects.
    assert "container_name" not in service
    assert tree["volumes"] == {"postgres-data": None}
    settings = dict(one.split("=") for one in service["command"] if "=" in one)
    assert megabytes(service["shm_size"]) > megabytes(settings["maintenance_work_mem"])


def megabytes(size: str) -> int:
    number, unit = size[:-2], size[-2:].lower()
    return int(number) * {"mb": 1, "gb": 1024}[unit]


def test_an_embedded_index_has_no_compose_file() -> None:
    plan = make_plan(NOTHING, ANSWERS, CHOSEN)
    assert COMPOSE not in written(plan)
    assert b"POSTGRES" not in b"".join(write.content for write in plan.writes)


@pytest.mark.parametrize("path", [CONFIG, ENV, COMPOSE])
def test_a_containers_files_are_written_again_where_missing(contained: Facts, path: str) -> None:
    files = {name: file for name, file in contained.files.items() if name != path}
    plan = make_plan(replace(contained, files=files), CONTAINER, CHOSEN_CONTAINER)
    assert set(written(plan)) == {path}


def test_a_lost_password_is_made_anew(contained: Facts) -> None:
    facts = replace(contained, variables={**contained.variables, "POSTGRES_PASSWORD": ""})
    plan = make_plan(facts, CONTAINER, replace(CHOSEN_CONTAINER, password="newer"))
    assert b"POSTGRES_PASSWORD=newer\n" in content_of(plan, ENV)
    assert b"POSTGRES_SUPERUSER_PASSWORD=made-up too\n" in content_of(plan, ENV)
    facts = replace(contained, variables={**contained.variables, "POSTGRES_SUPERUSER_PASSWORD": ""})
    plan = make_plan(facts, CONTAINER, replace(CHOSEN_CONTAINER, superuser_password="newer"))
    assert b"POSTGRES_SUPERUSER_PASSWORD=newer\n" in content_of(plan, ENV)
    assert b"POSTGRES_PASSWORD=made-up\n" in content_of(plan, ENV)


def test_another_port_goes_into_both_files(contained: Facts) -> None:
    plan = make_plan(contained, CONTAINER, replace(CHOSEN_CONTAINER, postgres_port=5500))
    assert set(written(plan)) == {CONFIG, COMPOSE, MANIFEST}
    assert b"127.0.0.1:5500:5432" in content_of(plan, COMPOSE)
    assert b"port: 5500\n" in content_of(plan, CONFIG)


def test_an_edited_compose_file_is_kept(contained: Facts) -> None:
    plan = make_plan(edited(contained, COMPOSE, b"# mine\n"), CONTAINER, CHOSEN_CONTAINER)
    assert plan.writes == ()
    assert list(plan.kept) == [COMPOSE]


@pytest.mark.parametrize(
    ("flags", "port", "setting"),
    [({"postgres_image": "mine:1"}, 5433, "image .*mine:1"), ({}, 5500, r"ports .*127\.0\.0\.1:5500:5432")],
)
def test_an_edited_compose_file_refuses_other_answers(
    contained: Facts, flags: dict[str, str], port: int, setting: str
) -> None:
    answers = resolve({"storage": "postgres-docker", **flags}, {}, {})
    with pytest.raises(EditedFileError, match=rf"docker-compose.yml .*services\.postgres\.{setting}"):
        make_plan(edited(contained, COMPOSE, b"# mine\n"), answers, replace(CHOSEN_CONTAINER, postgres_port=port))


def test_an_edited_config_is_kept_beside_a_container(contained: Facts) -> None:
    facts = edited(contained, CONFIG, b"# mine\n")
    assert make_plan(facts, CONTAINER, CHOSEN_CONTAINER).writes == ()
    with pytest.raises(EditedFileError, match=r"storage\.postgres\.port .* 5500"):
        make_plan(facts, CONTAINER, replace(CHOSEN_CONTAINER, postgres_port=5500))
    with pytest.raises(EditedFileError, match=r"storage\.url .* \"sqlite:"):
        make_plan(facts, ANSWERS, CHOSEN)


def test_an_edited_config_refuses_a_container_until_its_url_is_gone(done: Facts) -> None:
    facts = edited(done, CONFIG, b"# mine\n")
    with pytest.raises(EditedFileError, match=r"Set storage there yourself: \{\"postgres\": \{\"port\": 5433"):
        make_plan(facts, CONTAINER, CHOSEN_CONTAINER)


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


def test_a_url_with_a_password_stands_in_the_private_file_alone(done: Facts, tmp_path: Path) -> None:
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


def test_a_container_that_is_given_up_keeps_its_file_and_password(contained: Facts, tmp_path: Path) -> None:
    plan = make_plan(contained, resolve({"storage": "embedded"}, {}, contained.saved), CHOSEN)
    assert set(written(plan)) == {CONFIG, MANIFEST}
    facts = after(contained, plan, tmp_path)
    assert COMPOSE in facts.manifest
    assert make_plan(facts, resolve({}, {}, facts.saved), CHOSEN) == Plan(())
    back = make_plan(facts, resolve({"storage": "postgres-docker"}, {}, facts.saved), CHOSEN_CONTAINER)
    assert set(written(back)) == {CONFIG, MANIFEST}


@pytest.fixture
def older(contained: Facts, tmp_path: Path) -> Facts:
    """A container of an earlier setup, whose superuser is the server's login."""
    older = {
        path: contained.files[path].content.replace(new.encode(), old.encode())
        for path, new, old in (
            (CONFIG, ROLE, "agent_brain"),
            (COMPOSE, "${POSTGRES_SUPERUSER_PASSWORD:", "${POSTGRES_PASSWORD:"),
            (ENV, "POSTGRES_SUPERUSER_PASSWORD=made-up too\n", ""),
        )
    }
    tree = json.loads(contained.files[MANIFEST].content)
    tree["files"] |= {path: sha256(content) for path, content in older.items()}
    older[MANIFEST] = json.dumps(tree).encode()
    files = {path: ExistingFile(content, contained.files[path].mode) for path, content in older.items()}
    return found_again(contained.files | files, tmp_path)


def test_an_older_container_gets_a_login_for_the_server(older: Facts, tmp_path: Path) -> None:
    chosen = replace(CHOSEN_CONTAINER, password="new", superuser_password="not this")
    plan = make_plan(older, CONTAINER, chosen)
    assert set(written(plan)) == {CONFIG, ENV, COMPOSE, MANIFEST}
    facts = after(older, plan, tmp_path)
    assert present_login(facts) == ROLE
    assert passwords(facts) == ("new", "made-up"), "the data keep the superuser's password"
    assert make_plan(facts, CONTAINER, CHOSEN_CONTAINER) == Plan(())
    assert (upgrade_steps(older, "p" * 8), upgrade_steps(facts, "p" * 8)) == ("agent-brain setup --yes", "")


def passwords(facts: Facts) -> tuple[str | None, str | None]:
    return facts.variables.get("POSTGRES_PASSWORD"), facts.variables.get("POSTGRES_SUPERUSER_PASSWORD")


@pytest.mark.parametrize("path", [CONFIG, COMPOSE])
def test_an_older_container_that_was_edited_stays_until_the_edit_is_changed(
    older: Facts, tmp_path: Path, path: str
) -> None:
    facts = edited(older, path, b"# mine\n")
    plan = make_plan(facts, CONTAINER, CHOSEN_CONTAINER)
    assert list(plan.kept) == [path]
    facts = after(facts, plan, tmp_path)
    assert present_login(facts) == "agent_brain"
    assert passwords(facts) == ("made-up", "made-up"), "both files can be used as they are"
    assert make_plan(facts, CONTAINER, CHOSEN_CONTAINER).writes == ()

    assert upgrade_steps(facts, "p" * 8).startswith(
        {
            CONFIG: f"set storage.postgres.user to {ROLE} in {CONFIG}, then agent-brain setup",
            COMPOSE: f"write ${{POSTGRES_SUPERUSER_PASSWORD}} as the value of POSTGRES_PASSWORD in {COMPOSE}, then",
        }[path]
    )
    old, new = {
        CONFIG: (b"user: agent_brain\n", f"user: {ROLE}\n".encode()),
        COMPOSE: (b"${POSTGRES_PASSWORD:", b"${POSTGRES_SUPERUSER_PASSWORD:"),
    }[path]
    mine = facts.files[path]
    facts = found_again({**facts.files, path: replace(mine, content=mine.content.replace(old, new))}, tmp_path)
    facts = after(facts, make_plan(facts, CONTAINER, replace(CHOSEN_CONTAINER, password="new")), tmp_path)
    assert present_login(facts) == ROLE
    assert passwords(facts) == ("new", "made-up")
