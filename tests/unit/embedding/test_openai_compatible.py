"""The embedder against a real endpoint on 127.0.0.1 that fails on demand."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.embedding.openai_compatible import EndpointConfig, OpenAICompatibleEmbedder
from agent_brain_server.errors import EmbeddingProviderError
from support.embedding_endpoint import EmbeddingEndpoint, text_hash, vector

KEY = "sk-very-secret"


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint(dimensions=8) as endpoint:
        yield endpoint


class Sleeps:
    """Sleeps not at all, and remembers for how long it was asked to."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def embedder_of(
    endpoint: EmbeddingEndpoint, sleeps: Sleeps | None = None, **config: Any
) -> AsyncIterator[OpenAICompatibleEmbedder]:
    values = {"base_url": endpoint.url, "model": "m", "dimensions": 8, "api_key": KEY} | config
    embedder = await OpenAICompatibleEmbedder.create(EndpointConfig(**values), sleep=sleeps or Sleeps())
    try:
        yield embedder
    finally:
        await embedder.aclose()


def unit(text: str, dimensions: int = 8) -> np.ndarray[Any, np.dtype[np.float64]]:
    row = np.array(vector(text, dimensions))
    return row / np.linalg.norm(row)


async def test_each_text_gets_its_unit_vector(endpoint: EmbeddingEndpoint) -> None:
    async with embedder_of(endpoint) as embedder:
        rows = await embedder.embed(["one", "zwei", "三", "\ud800 lone"])
    assert rows.dtype == np.float32
    assert rows.shape == (4, 8)
    for row, text in zip(rows, ["one", "zwei", "三", "? lone"], strict=True):
        np.testing.assert_allclose(row, unit(text), atol=1e-6)
    assert endpoint.requests[0] | {"input": []} == {
        "model": "m",
        "input": [],
        "encoding_format": "float",
        "dimensions": 8,
    }
    assert endpoint.keys == [f"Bearer {KEY}"]


async def test_without_a_key_none_is_sent(endpoint: EmbeddingEndpoint) -> None:
    async with embedder_of(endpoint, api_key="") as embedder:
        await embedder.embed(["a"])
    assert endpoint.keys == [None]


async def test_dimensions_are_asked_for_when_they_are_not_configured(endpoint: EmbeddingEndpoint) -> None:
    async with embedder_of(endpoint, dimensions=None) as embedder:
        assert embedder.model == EmbeddingModel("m", 8)
        assert len(endpoint.texts) == 1
        assert (await embedder.embed(["a"])).shape == (1, 8)
    assert all("dimensions" not in request for request in endpoint.requests)
    async with embedder_of(endpoint, dimensions=4) as embedder:
        assert embedder.model == EmbeddingModel("m", 4)
        assert (await embedder.embed(["a"])).shape == (1, 4)


async def test_texts_without_content_are_zero_and_not_sent(endpoint: EmbeddingEndpoint) -> None:
    async with embedder_of(endpoint) as embedder:
        rows = await embedder.embed(["", "a", " \n\t"])
        assert (await embedder.embed([])).shape == (0, 8)
        assert (await embedder.embed([""])).shape == (1, 8)
    assert endpoint.texts == ["a"]
    assert not rows[0].any()
    assert not rows[2].any()
    np.testing.assert_allclose(rows[1], unit("a"), atol=1e-6)


async def test_requests_are_bounded_by_count_and_by_characters(endpoint: EmbeddingEndpoint) -> None:
    texts = [f"{number:03}" for number in range(25)]
    async with embedder_of(endpoint, batch_size=10, concurrency=1) as embedder:
        rows = await embedder.embed(texts)
        assert [len(request["input"]) for request in endpoint.requests] == [10, 10, 5]
        np.testing.assert_allclose(rows, [unit(text) for text in texts], atol=1e-6)
    endpoint.requests.clear()
    async with embedder_of(endpoint, batch_characters=30, max_characters=20, concurrency=1) as embedder:
        long = await embedder.embed(["x" * 50, "y" * 15, "z" * 15, "w"])
    assert [request["input"] for request in endpoint.requests] == [["x" * 20], ["y" * 15, "z" * 15], ["w"]]
    np.testing.assert_allclose(long[0], unit("x" * 20), atol=1e-6)


async def test_requests_run_together_up_to_the_limit(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("slow", times=9, seconds=0.05)
    async with embedder_of(endpoint, batch_size=1, concurrency=3) as embedder:
        await asyncio.gather(*(embedder.embed([f"{number}", "a", "b"]) for number in range(3)))
    assert endpoint.most_at_once == 3


async def test_answers_are_put_in_order_by_their_index(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("reversed")
    async with embedder_of(endpoint) as embedder:
        rows = await embedder.embed(["a", "b", "c"])
    np.testing.assert_allclose(rows, [unit("a"), unit("b"), unit("c")], atol=1e-6)


@pytest.mark.parametrize(
    ("fault", "more"),
    [("status", {"status": 429}), ("status", {"status": 500}), ("status", {"status": 503}), ("drop", {})],
)
async def test_what_may_pass_is_tried_again_with_growing_waits(
    endpoint: EmbeddingEndpoint, fault: Any, more: dict[str, Any]
) -> None:
    endpoint.fail(fault, times=4, **more)
    sleeps = Sleeps()
    async with embedder_of(endpoint, sleeps) as embedder:
        rows = await embedder.embed(["a"])
    np.testing.assert_allclose(rows, [unit("a")], atol=1e-6)
    for seconds, most in zip(sleeps.seconds, (0.5, 1, 2, 4), strict=True):
        assert most / 2 <= seconds <= most


async def test_a_slow_answer_is_asked_for_again(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("slow", seconds=30)
    async with embedder_of(endpoint, timeout_seconds=0.2) as embedder:
        assert (await embedder.embed(["a"])).any()
    assert endpoint.texts == ["a", "a"]


async def test_a_wait_that_is_asked_for_is_kept(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("status", status=429, headers={"Retry-After": "17"})
    endpoint.fail("status", status=503, headers={"Retry-After": formatdate(time.time() + 60, usegmt=True)})
    endpoint.fail("status", status=429, headers={"Retry-After": "soon"})
    sleeps = Sleeps()
    async with embedder_of(endpoint, sleeps) as embedder:
        await embedder.embed(["a"])
    assert sleeps.seconds[0] == 17
    assert 55 < sleeps.seconds[1] <= 60
    assert sleeps.seconds[2] <= 2


async def test_a_wait_that_is_too_long_ends_it(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("status", status=429, headers={"Retry-After": "3600"})
    async with embedder_of(endpoint) as embedder:
        with pytest.raises(EmbeddingProviderError, match="asks to wait 3600 s"):
            await embedder.embed(["a"])
    assert len(endpoint.requests) == 1


async def test_after_the_retries_it_says_what_happened(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("status", times=3, status=500, message=f"no memory for {KEY}.")
    sleeps = Sleeps()
    async with embedder_of(endpoint, sleeps, retries=2) as embedder:
        with pytest.raises(EmbeddingProviderError) as raised:
            await embedder.embed(["a"])
    assert len(sleeps.seconds) == 2
    assert str(raised.value) == (
        f"The embedding endpoint {endpoint.url}/embeddings with model m does not answer: "
        "status 500: no memory for [key]. Start it, or correct embedding.base_url."
    )


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (400, "embedding.model"),
        (401, "embedding.api_key (AGENT_BRAIN_EMBEDDING_API_KEY)"),
        (403, "embedding.api_key"),
        (404, "embedding.base_url or embedding.model"),
        (422, "embedding.dimensions"),
        (301, "embedding.base_url"),
    ],
)
async def test_a_refusal_is_final_and_names_the_setting(endpoint: EmbeddingEndpoint, status: int, fix: str) -> None:
    endpoint.fail("status", status=status, message=f"bad {KEY}", headers={"Location": "/elsewhere"})
    async with embedder_of(endpoint) as embedder:
        with pytest.raises(EmbeddingProviderError) as raised:
            await embedder.embed(["a"])
    message = str(raised.value)
    assert fix in message
    assert f"{endpoint.url}/embeddings with model m " in message
    assert f"status {status}" in message
    assert KEY not in message
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("malformed", "does not answer in JSON"),
        ("no_list", "does not answer with a list of embeddings"),
        ("wrong_count", "answers with 1 embeddings for 2 texts"),
        ("wrong_dimensions", "answers with 9 dimensions, not 8. Correct embedding.dimensions"),
        ("not_a_number", "not finite"),
        ("strings", "not numbers"),
    ],
)
async def test_an_answer_that_cannot_be_right_is_refused(endpoint: EmbeddingEndpoint, fault: Any, says: str) -> None:
    endpoint.fail(fault)
    async with embedder_of(endpoint) as embedder:
        with pytest.raises(EmbeddingProviderError, match=says):
            await embedder.embed(["a", "b"])


async def test_one_refused_batch_ends_the_others(endpoint: EmbeddingEndpoint) -> None:
    endpoint.fail("status", status=400)
    endpoint.fail("slow", times=20, seconds=5)
    async with embedder_of(endpoint, batch_size=1, concurrency=2) as embedder:
        started = asyncio.get_running_loop().time()
        with pytest.raises(EmbeddingProviderError, match="status 400"):
            await embedder.embed([str(number) for number in range(20)])
        assert asyncio.get_running_loop().time() - started < 4
    assert len(endpoint.requests) < 5


async def test_an_endpoint_that_is_not_there_is_an_error_at_the_start() -> None:
    with EmbeddingEndpoint() as endpoint:
        url = endpoint.url
    config = EndpointConfig(url, "m", dimensions=None)
    with pytest.raises(EmbeddingProviderError, match=r"does not answer: .* Start it, or correct embedding\.base_url"):
        await OpenAICompatibleEmbedder.create(config, sleep=Sleeps())


@pytest.mark.parametrize("url", ["", "localhost:11434", "ftp://host/v1", "http://"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(EmbeddingProviderError, match=r"embedding\.base_url is not an http address"):
        await OpenAICompatibleEmbedder.create(EndpointConfig(url, "m"))


@pytest.mark.parametrize("key", ["sk-é", "sk a", "sk\na"])
async def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(EmbeddingProviderError) as raised:
        await OpenAICompatibleEmbedder.create(EndpointConfig("http://127.0.0.1:1/v1", "m", key))
    assert key not in str(raised.value)


def test_neither_key_nor_password_is_shown() -> None:
    config = EndpointConfig("https://user:password@host:1/v1/?token=t", "m", KEY)
    assert KEY not in repr(config)
    assert "password" not in config.shown_url
    assert EndpointConfig("http://h/v1/embeddings/", "m").url == "http://h/v1/embeddings"


def test_the_module_does_not_load_the_http_client() -> None:
    code = "import sys, agent_brain_server.embedding.openai_compatible; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


async def test_the_endpoint_as_a_program_logs_what_it_received(tmp_path: Path) -> None:
    program = Path(__file__).parents[2] / "support" / "embedding_endpoint.py"
    log = tmp_path / "log"
    command = [sys.executable, str(program), "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        embedder = await OpenAICompatibleEmbedder.create(EndpointConfig(url, "m", dimensions=4))
        rows = await embedder.embed(["a", "b"])
        await embedder.aclose()
        process.kill()
    assert log.read_text().split() == [text_hash("a"), text_hash("b")]
    assert math.isclose(float(np.linalg.norm(rows[0])), 1, rel_tol=1e-6)
