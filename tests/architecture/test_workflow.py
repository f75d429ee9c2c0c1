"""The workflow that guards the main branch: it runs what a person runs, on a real database."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent_brain_server.settings.postgres import PostgresConfig

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "workflows" / "pr-qa-gate.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return dict(yaml.safe_load(TEXT))


@pytest.fixture(scope="module")
def job(workflow: dict[Any, Any]) -> dict[str, Any]:
    (only,) = workflow["jobs"].values()
    return dict(only)


def test_it_runs_on_every_change_with_no_more_rights_than_it_needs(
    workflow: dict[Any, Any], job: dict[str, Any]
) -> None:
    events = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    assert "pull_request" in events
    assert events["push"] == {"branches": ["main"]}
    assert workflow["permissions"] == {"contents": "read"}
    assert "github.ref" in workflow["concurrency"]["group"]
    assert 0 < job["timeout-minutes"] <= 60


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


def test_the_make_targets_exist(job: dict[str, Any]) -> None:
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == ["make env", "make before-push"]
    for command in commands:
        done = subprocess.run(["make", "--dry-run", command.split()[1]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_actions_are_pinned_to_a_commit(job: dict[str, Any]) -> None:
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", one) for one in used)
