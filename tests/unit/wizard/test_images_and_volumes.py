"""What Docker says of images that are not here yet and of volumes that are, by fakes of its command and engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent_brain_wizard.answers.answers import resolve
from agent_brain_wizard.container.composition import compose_project, images_of
from agent_brain_wizard.container.docker import DatabaseError, find_image_fault, find_volumes
from agent_brain_wizard.plan.preparation import prepare
from agent_brain_wizard.plan.render import render_compose
from support.docker import FakeEngine, fake_command, fake_engine
from unit.wizard.plans import NOTHING

IMAGE = "dpage/pgadmin4:9"
LOCAL, REMOTE = f"/images/{IMAGE}/json", f"/distribution/{IMAGE}/json"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    fake_command(tmp_path, "echo v2.40.1")
    with fake_engine(monkeypatch) as made:
        made.answers["/containers/json"] = (200, [])
        yield made


@pytest.mark.parametrize(
    ("local", "remote", "fault"),
    [
        ((200, {"Id": "sha256:0"}), (500, {"message": "never asked"}), ""),
        ((404, {"message": "No such image"}), (200, {"Descriptor": {}}), ""),
        ((404, {"message": "No such image"}), (404, {"message": "manifest unknown"}), "manifest unknown"),
        ((404, {"message": "No such image"}), (403, {"message": "denied: no access"}), "denied: no access"),
        ((404, {"message": "No such image"}), (500, {"message": "dial tcp: no route to host."}), "dial tcp: no route"),
        ((404, {"message": "No such image"}), (404, {"message": "page not found"}), ""),
        ((404, {"message": "No such image"}), (404, {"message": "Not Found"}), ""),
    ],
    ids=["here", "in its registry", "no such tag", "not for us", "offline", "an engine that cannot ask", "Podman"],
)
def test_whether_an_image_can_be_had(
    engine: FakeEngine, local: tuple[int, object], remote: tuple[int, object], fault: str
) -> None:
    engine.answers |= {LOCAL: local, REMOTE: remote}
    found = find_image_fault(IMAGE)
    assert found.startswith(fault)
    assert bool(found) == bool(fault)


def test_an_image_cannot_be_asked_for_without_an_engine(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody/here.sock")
    with pytest.raises(DatabaseError, match="does not answer"):
        find_image_fault(IMAGE)


def has_volumes(engine: FakeEngine, *names: str, project: str) -> None:
    """Let the engine keep these volumes of a Compose project."""
    labels = {"com.docker.compose.project": project}
    volumes = [{"Name": f"{project}_{name}", "Labels": {**labels, "com.docker.compose.volume": name}} for name in names]
    engine.answers["/volumes"] = (200, {"Volumes": [*volumes, {"Name": "of-nobody", "Labels": None}]})


def test_the_volumes_of_a_project(engine: FakeEngine) -> None:
    has_volumes(engine, "postgres-data", project="shop")
    assert find_volumes("shop") == {"postgres-data": "shop_postgres-data"}
    assert find_volumes("other") == {}
    engine.answers["/volumes"] = (200, {"Volumes": None})
    assert find_volumes("shop") == {}


def test_volumes_of_an_engine_that_does_not_answer(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody/here.sock")
    assert find_volumes("shop") is None


def notes(root: Path, **variables: str) -> list[str]:
    """What setup says of the volumes where .env.agent-brain has these variables."""
    answers = resolve({"storage": "postgres-docker", "pgadmin": True}, {}, {})
    prepared = prepare(replace(NOTHING, root=root, variables=variables), answers)
    return [one for one in prepared.notes() if "volume" in one]


def test_data_whose_password_is_lost_are_named_with_what_to_do(engine: FakeEngine, tmp_path: Path) -> None:
    project = compose_project(tmp_path)
    has_volumes(engine, "postgres-data", "pgadmin-data", project=project)
    database, pgadmin = notes(tmp_path)
    assert f"the Docker volume {project}_postgres-data holds a database of this project" in database
    assert "agent-brain db up keeps its data" in database
    assert pgadmin.endswith(f"agent-brain db down && docker volume rm {project}_pgadmin-data")


def test_data_whose_password_is_known_are_not_spoken_of(engine: FakeEngine, tmp_path: Path) -> None:
    has_volumes(engine, "postgres-data", "pgadmin-data", project=compose_project(tmp_path))
    assert notes(tmp_path, POSTGRES_PASSWORD="a", POSTGRES_SUPERUSER_PASSWORD="b", PGADMIN_PASSWORD="c") == []
    has_volumes(engine, project=compose_project(tmp_path))
    assert notes(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"", b"- a", b"services: 3", b"services: {postgres: 3}", b"services: [a]", b"a: ["]
)
def test_a_compose_file_that_is_none_names_no_images(content: bytes) -> None:
    assert images_of(content) == {}


def test_the_images_of_a_compose_file() -> None:
    content = render_compose("shop", "pgvector/pgvector:pg16", 5433, 5050)
    assert images_of(content) == {"postgres": "pgvector/pgvector:pg16", "pgadmin": IMAGE}
    assert images_of(b"services: {postgres: {image: '${IMAGE}'}, other: {build: .}}") == {}
