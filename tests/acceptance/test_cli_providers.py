"""What setup offers, the server takes: every embedding provider, end to end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_wizard.answers.questions import QUESTIONS
from support.cli import RETRY_SOURCE, CliProject, cli_project
from support.embedding_endpoint import EmbeddingEndpoint

OFFERED = next(question for question in QUESTIONS if question.name == "embedding").choices


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        yield made


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint() as made:
        yield made


def test_three_providers_are_offered() -> None:
    assert set(OFFERED) == {"built-in", "openai-compatible", "none"}


@pytest.mark.parametrize("provider", OFFERED)
def test_every_provider_that_is_offered_answers(
    project: CliProject, endpoint: EmbeddingEndpoint, provider: str
) -> None:
    project.write({"retry.py": RETRY_SOURCE})
    remote = provider == "openai-compatible"
    flags = ["--embedding-url", endpoint.url, "--embedding-model", "test-model"] if remote else []
    project.ok("setup", "--yes", "--embedding", provider, *flags)
    project.ok("index", "--wait")
    found = project.json("search", "next delay")
    assert found["results"][0]["path"] == "retry.py"
    assert found["mode"] == ("bm25" if provider == "none" else "hybrid")
    assert bool(endpoint.texts) is remote
