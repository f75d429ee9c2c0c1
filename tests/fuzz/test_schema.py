"""Requests made from the server's own OpenAPI: none is answered by a 5xx, and every answer is as documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
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
from agent_brain_server.settings import load_settings
from support.brain import HEADERS, configure, write_files

BASE_URL = "http://127.0.0.1"
EXAMPLES = 60
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
)


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


@pytest.mark.slow
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_documented_and_none_is_a_5xx(schema: Any, label: str, mode: GenerationMode) -> None:
    operation = next(found.ok() for found in schema.get_all_operations() if found.ok().label == label)
    try:
        cases = operation.as_strategy(generation_mode=mode)
        cases.validate()
    except Exception as error:
        # Without a parameter there is nothing to get wrong.
        assert "SkipTest" in type(error).__name__ or mode is GenerationMode.NEGATIVE, error
        return

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def answer(case: Any) -> None:
        case.call_and_validate(base_url=BASE_URL, headers=HEADERS, checks=CHECKS)

    answer()
