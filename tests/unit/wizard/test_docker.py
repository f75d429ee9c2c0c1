"""What is said of Docker, by fakes of its command and its engine."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_wizard.container.docker import (
    PROBE_SECONDS,
    DatabaseError,
    Publisher,
    find_container,
    has_image,
    probe_docker,
    published_ports,
    publishes,
    pull_image,
)
from support.docker import FakeEngine, fake_command, fake_engine

IMAGE = "pgvector/pgvector:pg16"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return fake_command(tmp_path, "echo v2.40.1")


@pytest.fixture
def engine(command: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    with fake_engine(monkeypatch) as made:
        yield made


def test_docker_that_is_there(engine: FakeEngine) -> None:
    facts = probe_docker()
    assert (facts.state, facts.version, facts.compose) == ("ready", "28.2.1", "2.40.1")
    assert facts.detail == "Docker 28.2.1 is running."


def test_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = probe_docker()
    assert facts.state == "absent"
    assert "https://docs.docker.com/get-docker/" in facts.detail
    assert published_ports() is None


def test_no_engine(command: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    facts = probe_docker()
    assert facts.state == "no-daemon"
    assert "sudo systemctl start docker" in facts.detail
    assert published_ports() is None
    with pytest.raises(DatabaseError, match="does not answer"):
        has_image(IMAGE)


@pytest.mark.parametrize("host", ["nonsense://here", "tcp://127.0.0.1:1"])
def test_an_address_that_leads_nowhere(command: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert probe_docker().state == "no-daemon"


def test_an_engine_that_hangs_is_not_waited_for(command: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        fake_command(tmp_path, "sleep 30")
        begun = time.monotonic()
        assert probe_docker().state == "no-daemon"
        assert time.monotonic() - begun < 2 * PROBE_SECONDS


def test_no_compose(engine: FakeEngine, command: Path) -> None:
    fake_command(command.parent, "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1")
    facts = probe_docker()
    assert (facts.state, facts.version) == ("no-compose", "28.2.1")
    assert "docker-compose-plugin" in facts.detail


def test_published_ports(engine: FakeEngine) -> None:
    engine.publishes("shop-postgres-1", "shop", 5433)
    assert published_ports() == {5433: Publisher("shop-postgres-1", "shop")}
    assert publishes("shop", 5433)
    assert publishes("shop", 5434) is False
    assert publishes("other", 5433) is False


def test_a_container_and_what_it_said_last(engine: FakeEngine) -> None:
    engine.answers["/containers/json"] = (200, [])
    assert find_container("shop", "postgres") is None
    engine.answers["/containers/json"] = (200, [{"Id": "0123"}])
    engine.answers["/containers/0123/json"] = (
        200,
        {
            "Id": "0123",
            "Name": "/shop-postgres-1",
            "RestartCount": 2,
            "Config": {"Image": IMAGE, "Tty": True},
            "State": {"Status": "restarting", "StartedAt": "2026-01-01T00:00:00Z", "Health": {"Status": "starting"}},
        },
    )
    engine.answers["/containers/0123/logs"] = (200, b"starting\nFATAL:  wrong ownership\nHINT:  correct it\n\n")
    found = find_container("shop", "postgres")
    assert found is not None
    assert (found.name, found.status, found.health, found.restarts) == (
        "shop-postgres-1",
        "restarting",
        "starting",
        2,
    )
    assert found.last_line == "FATAL:  wrong ownership"


def test_an_image_is_fetched_with_its_progress(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_brain_wizard.container.docker.PROGRESS_SECONDS", 0.0)
    detail = {"current": 25_000_000, "total": 100_000_000}
    events = [
        {"status": "Pulling from pgvector/pgvector", "id": "pg16"},
        {"status": "Downloading", "id": "a1", "progressDetail": detail},
        {"status": "Download complete", "id": "a1", "progressDetail": {}},
    ]
    engine.answers["/images/create"] = (200, "\r\n".join(map(json.dumps, events)).encode())
    said: list[str] = []
    pull_image(IMAGE, said.append, "name another one")
    assert said == [
        f"Fetching {IMAGE}",
        f"Fetching {IMAGE}: 25 MB of 100 MB",
        f"Fetching {IMAGE}: 100 MB of 100 MB",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"error": "no such host"}),
        (404, {"message": "no such host"}),
        (500, {"message": "no such host."}),
    ],
)
def test_an_image_that_cannot_be_had(engine: FakeEngine, answer: tuple[int, object]) -> None:
    assert not has_image("nowhere/nothing:1")
    engine.answers["/images/create"] = answer
    with pytest.raises(
        DatabaseError, match=r"the image nowhere/nothing:1 cannot be fetched \(no such host\)"
    ) as caught:
        pull_image(
            "nowhere/nothing:1", lambda _: None, "name another one: agent-brain setup --yes --postgres-image IMAGE"
        )
    assert "agent-brain setup --yes --postgres-image IMAGE" in str(caught.value)
