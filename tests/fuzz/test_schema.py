"""Requests made from the server's own OpenAPI: none is answered by a 5xx, and every answer is as documented."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.python import asgi

from agent_brain_server.app import create_app
from agent_brain_server.settings.consent import load_settings
from support.brain import HEADERS, configure, write_files

BASE_URL = "http://127.0.0.1"
EXAMPLES = 40
NIGHTLY_EXAMPLES = 300
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = (
    "GET /health",
    "GET /health/status",
    "GET /health/postgres",
    "GET /metrics",
    "POST /index",
    "DELETE /index",
    "GET /index/jobs",
    "GET /index/jobs/{job_id}",
    "DELETE /index/jobs/{job_id}",
    "GET /index/folders",
    "POST /index/folders",
    "DELETE /index/folders",
    "POST /query",
    "GET /query/chunk/{chunk_id}",
    "GET /graph/{relation}",
    "GET /index/report",
    "GET /query/lines",
)

WITHOUT_INPUT = {
    "GET /health",
    "GET /health/status",
    "GET /health/postgres",
    "GET /metrics",
    "DELETE /index",
    "GET /index/folders",
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The schema of a server with something in its index, in this process."""
    root = tmp_path_factory.mktemp("fuzzed")
    configure(root)
    write_files(root, {f"m{number}.py": f"def step_{number}():\n    return {number}\n" for number in range(20)})
    app = create_app(load_settings(root))
    loaded = schemathesis.openapi.from_asgi("/openapi.json", app, headers={**HEADERS, "Host": "127.0.0.1"})
    with asgi.get_client(app) as client:
        client.post(f"{BASE_URL}/index", json={}, headers=HEADERS)
        yield loaded
    asgi.shutdown_lifespans()


def test_every_operation_is_fuzzed(schema: Any) -> None:
    assert {found.ok().label for found in schema.get_all_operations()} == set(OPERATIONS)


def _inputs() -> Iterator[Any]:
    for label in OPERATIONS:
        for mode in GenerationMode:
            if mode is GenerationMode.POSITIVE or label not in WITHOUT_INPUT:
                yield pytest.param(label, mode, id=f"{label} {mode.value}")


def _stays_inside(root: Path, body: Any) -> bool:
    """Whether the folder to be indexed is not the whole machine."""
    path = body.get("path") if isinstance(body, dict) else None
    return not isinstance(path, str) or Path(os.path.normpath(root / Path(path))).is_relative_to(root)


@pytest.mark.slow
@pytest.mark.parametrize(("label", "mode"), list(_inputs()))
def test_every_answer_is_as_documented_and_none_is_a_5xx(schema: Any, label: str, mode: GenerationMode) -> None:
    _answer_all(schema, label, mode, settings(max_examples=EXAMPLES, derandomize=True))


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("label", "mode"), list(_inputs()))
def test_nor_is_one_with_new_seeds(schema: Any, label: str, mode: GenerationMode) -> None:
    """AGENT_BRAIN_FUZZ_SEED repeats a run."""
    chosen = int(os.environ.get("AGENT_BRAIN_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"AGENT_BRAIN_FUZZ_SEED={chosen}")
    _answer_all(schema, label, mode, settings(max_examples=NIGHTLY_EXAMPLES, database=None), seed(chosen))


def _answer_all(
    schema: Any, label: str, mode: GenerationMode, effort: settings, seeded: Callable[[Any], Any] = lambda test: test
) -> None:
    operation = next(found.ok() for found in schema.get_all_operations() if found.ok().label == label)
    root = operation.app.state.services.status.identity.root

    @seeded
    @settings(effort, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def answer(case: Any) -> None:
        assume(_stays_inside(root, case.body))
        case.call_and_validate(base_url=BASE_URL, headers=HEADERS, checks=CHECKS)

    answer()
