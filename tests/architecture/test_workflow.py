"""The workflows: one guards the main branch and runs what a person runs, on a real database; one makes a release."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent_brain_server.settings.postgres import PostgresConfig

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
GATE, RELEASE = "pr-qa-gate", "release"
ALL = (GATE, RELEASE)


def workflow(name: str) -> dict[Any, Any]:
    return dict(yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text("utf-8")))


@pytest.fixture(scope="module")
def gate() -> dict[Any, Any]:
    return workflow(GATE)


@pytest.fixture(scope="module")
def job(gate: dict[Any, Any]) -> dict[str, Any]:
    return dict(gate["jobs"]["before-push"])


def jobs(name: str) -> list[dict[str, Any]]:
    return list(workflow(name)["jobs"].values())


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_all_are_looked_at() -> None:
    assert {path.stem for path in WORKFLOWS.iterdir()} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_none_has_more_rights_or_time_than_it_needs(name: str) -> None:
    read = workflow(name)
    assert read["permissions"] == {"contents": "read"}
    assert "github.ref" in read["concurrency"]["group"]
    assert all(0 < one["timeout-minutes"] <= 60 for one in jobs(name))


def test_the_gate_looks_at_every_change(gate: dict[Any, Any]) -> None:
    events = gate[True]  # YAML 1.1 reads the key `on` as a truth value
    assert "pull_request" in events
    assert events["push"] == {"branches": ["main"]}


def test_every_python_that_is_supported_is_tried(gate: dict[Any, Any], job: dict[str, Any]) -> None:
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert gate["jobs"]["macos"]["runs-on"].startswith("macos")
    for one in gate["jobs"].values():
        assert any(step.get("with", {}).get("python-version") == "${{ matrix.python }}" for step in one["steps"])


def test_the_database_is_healthy_before_the_tests_begin_and_is_the_one_that_they_use(job: dict[str, Any]) -> None:
    service = job["services"]["postgres"]
    assert service["image"] == "pgvector/pgvector:pg16"
    for option in ("--health-cmd", "--health-interval", "--health-timeout", "--health-retries"):
        assert option in service["options"]
    config = PostgresConfig.from_url(job["env"]["DATABASE_URL"])
    assert config.password.get_secret_value() == service["env"]["POSTGRES_PASSWORD"]
    assert (config.user, config.database) == (service["env"]["POSTGRES_USER"], service["env"]["POSTGRES_DB"])
    assert service["ports"] == [f"{config.port}:5432"]
    assert job["env"]["AGENT_BRAIN_TESTS_REQUIRE"].split() == ["postgres", "docker"]


def test_the_make_targets_exist(gate: dict[Any, Any]) -> None:
    assert commands(gate["jobs"]["before-push"]) == ["make env", "make before-push"]
    assert commands(gate["jobs"]["macos"]) == ["make env", "make test-portable"]
    (release,) = jobs(RELEASE)
    assert commands(release) == ["make env", "make check", "make wheel"]
    for command in {command for name in ALL for one in jobs(name) for command in commands(one)}:
        done = subprocess.run(["make", "--dry-run", command.split()[1]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ALL)
def test_actions_are_pinned_to_a_commit(name: str) -> None:
    used = [step["uses"] for one in jobs(name) for step in one["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_what_is_marked_nightly_is_run_by_make_test_nightly() -> None:
    done = subprocess.run(["make", "--dry-run", "test-nightly"], cwd=ROOT, capture_output=True, text=True)
    assert "-m nightly" in done.stdout
