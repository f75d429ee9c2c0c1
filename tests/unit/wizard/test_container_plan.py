"""What setup plans for a project whose index is in a container."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.answers.answers import resolve
from agent_brain_wizard.answers.questions import DEFAULT_IMAGE
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, GITIGNORE, MANIFEST, ExistingFile, Facts, sha256
from agent_brain_wizard.plan.logins import present_login, upgrade_steps
from agent_brain_wizard.plan.plan import Plan, make_plan
from agent_brain_wizard.plan.render import render_compose
from unit.wizard.plans import (
    ANSWERS,
    CHOSEN,
    CHOSEN_CONTAINER,
    CONTAINER,
    ENV,
    NOTHING,
    ROLE,
    after,
    content_of,
    edited,
    found_again,
    written,
)


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


def test_a_lost_password_is_made_again(contained: Facts) -> None:
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


def test_an_edited_config_is_kept_with_a_container(contained: Facts) -> None:
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
