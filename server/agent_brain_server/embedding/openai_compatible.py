"""Embeds through any endpoint that speaks OpenAI's `POST /embeddings`: OpenAI, Ollama, LM Studio, vLLM, Voyage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import numpy as np

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.embedding.retry import Backoff, Sleep, TransientError, retried, retry_after_seconds
from agent_brain_server.errors import EmbeddingProviderError

if TYPE_CHECKING:
    import httpx  # loaded by `create` alone: a server that embeds by itself starts without it

PROBE = "How many dimensions has a vector?"
KEY_SETTING = "embedding.api_key (AGENT_BRAIN_EMBEDDING_API_KEY)"
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_DETAIL = 200
_LIMITED = "Lower embedding.concurrency, or try again later."
_DOWN = "Start it, or correct embedding.base_url."


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """An endpoint and how to use it.

    `base_url` is what comes before `/embeddings`; `dimensions` None asks the endpoint for its own; a request holds at
    most `batch_size` texts and `batch_characters` characters; a text is cut to `max_characters`.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    dimensions: int | None = None
    batch_size: int = 128
    concurrency: int = 4
    timeout_seconds: float = 30.0
    retries: int = 5
    max_characters: int = 16_000
    batch_characters: int = 400_000

    @property
    def url(self) -> str:
        """Return where the requests go."""
        return f"{self.base_url.strip().rstrip('/').removesuffix('/embeddings')}/embeddings"

    @property
    def shown_url(self) -> str:
        """Return the address without the password and the query that it may contain."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class OpenAICompatibleEmbedder:
    """An `Embedder` behind HTTP. Make it with `create`, end it with `aclose`."""

    def __init__(self, config: EndpointConfig, client: httpx.AsyncClient, sleep: Sleep) -> None:
        self._config = config
        self._client = client
        self._backoff = Backoff(retries=config.retries, sleep=sleep)
        self._free = asyncio.Semaphore(config.concurrency)
        self._dimensions = config.dimensions

    @classmethod
    async def create(cls, config: EndpointConfig, *, sleep: Sleep = asyncio.sleep) -> Self:
        """Make it, and embed one text to learn the dimensions if they are not configured.

        Raise EmbeddingProviderError for an address or key that cannot be used, and as `embed` does.
        """
        _check(config)
        import httpx

        embedder = cls(
            config,
            httpx.AsyncClient(
                headers={"Authorization": f"Bearer {config.api_key.strip()}"} if config.api_key.strip() else {},
                timeout=config.timeout_seconds,
                # A proxy from the environment cannot reach this machine's own endpoint.
                trust_env=urlsplit(config.url).hostname not in _LOCAL_HOSTS,
            ),
            sleep,
        )
        if config.dimensions is None:
            try:
                embedder._dimensions = (await embedder._embed_batch([PROBE])).shape[1]
            except BaseException:
                await embedder.aclose()
                raise
        return embedder

    @property
    def model(self) -> EmbeddingModel:
        """Return the endpoint's model under the name that the settings give it."""
        return EmbeddingModel(self._config.model, self._dimensions or 0)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.embed`. A text without content is not sent; a long one is cut.

        Raise EmbeddingProviderError: at once when the endpoint refuses, else after the retries.
        """
        rows = np.zeros((len(texts), self._dimensions or 0), dtype=np.float32)
        sent = {place: _sendable(text, self._config) for place, text in enumerate(texts) if text.strip()}

        async def fill(places: list[int]) -> None:
            rows[places] = await self._embed_batch([sent[place] for place in places])

        try:
            async with asyncio.TaskGroup() as group:
                for places in _batches(sent, self._config):
                    group.create_task(fill(places))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return rows

    async def _embed_batch(self, texts: list[str]) -> FloatArray:
        try:
            answer = await retried(partial(self._ask, texts), self._backoff)
        except TransientError as error:
            fix = _LIMITED if error.status == 429 else _DOWN
            raise self._failure(f"does not answer: {error}. {fix}") from error
        return self._rows(answer, len(texts))

    async def _ask(self, texts: list[str]) -> object:
        import httpx

        body: dict[str, object] = {"model": self._config.model, "input": texts, "encoding_format": "float"}
        if self._config.dimensions is not None:
            body["dimensions"] = self._config.dimensions
        try:
            async with self._free:
                response = await self._client.post(self._config.url, json=body)
        except httpx.TimeoutException as error:
            raise TransientError(f"no answer within {self._config.timeout_seconds:g} s") from error
        except httpx.TransportError as error:
            raise TransientError(self._shown(str(error)) or type(error).__name__) from error
        return self._accepted(response)

    def _accepted(self, response: httpx.Response) -> object:
        """Return what a response says, if it is a success."""
        status = response.status_code
        if status in (408, 429) or status >= 500:
            wait = retry_after_seconds(response.headers.get("Retry-After", ""))
            asked = f", asks to wait {wait:g} s" if wait else ""
            raise TransientError(f"status {status}{self._detail(response)}{asked}", wait, status)
        if status in (401, 403):
            raise self._failure(f"refuses the key (status {status}). Set {KEY_SETTING}.")
        if status == 404 or 300 <= status < 400:
            said = f"status {status}{self._detail(response)}"
            raise self._failure(f"is not there ({said}). Correct embedding.base_url or embedding.model.")
        if status != 200:
            said = f"status {status}{self._detail(response)}"
            raise self._failure(f"refuses the request ({said}). Correct embedding.model or embedding.dimensions.")
        try:
            return response.json()
        except ValueError as error:
            raise self._failure("does not answer in JSON. Correct embedding.base_url.") from error

    def _rows(self, answer: object, count: int) -> FloatArray:
        """Return the vectors of an answer in the order of the texts, at unit length."""
        vectors = _vectors(answer)
        if vectors is None:
            raise self._failure("does not answer with a list of embeddings. Correct embedding.base_url.")
        if len(vectors) != count:
            raise self._failure(
                f"answers with {len(vectors)} embeddings for {count} texts. Lower embedding.batch_size."
            )
        lengths = {len(vector) for vector in vectors}
        expected = self._dimensions or max(lengths)
        if lengths != {expected} or not expected:
            found = " and ".join(str(length) for length in sorted(lengths))
            raise self._failure(f"answers with {found} dimensions, not {expected}. Correct embedding.dimensions.")
        try:
            rows = np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise self._failure("answers with vectors that are not numbers. Correct embedding.model.") from error
        if not np.isfinite(rows).all():
            raise self._failure("answers with vectors that are not finite. Correct embedding.model.")
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: FloatArray = (rows / np.where(norms > 0, norms, 1)).astype(np.float32)
        return unit

    def _failure(self, what: str) -> EmbeddingProviderError:
        config = self._config
        sentence = f"The embedding endpoint {config.shown_url} with model {config.model} {what}"
        return EmbeddingProviderError(sentence, endpoint=config.shown_url, model=config.model)

    def _detail(self, response: httpx.Response) -> str:
        try:
            error = response.json()["error"]
            text = error["message"] if isinstance(error, dict) else error
        except (ValueError, KeyError, TypeError):
            text = response.text
        text = " ".join(str(text).split())[:_LONGEST_DETAIL].rstrip(". ")
        return f": {self._shown(text)}" if text else ""

    def _shown(self, text: str) -> str:
        key = self._config.api_key.strip()
        return text.replace(key, "[key]") if key else text


def _check(config: EndpointConfig) -> None:
    parts = urlsplit(config.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EmbeddingProviderError(
            "embedding.base_url is not an http address. Correct it, as http://127.0.0.1:11434/v1."
        )
    key = config.api_key.strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EmbeddingProviderError(f"{KEY_SETTING} has characters that no key has. Copy it again.")


def _sendable(text: str, config: EndpointConfig) -> str:
    """Return the text within the limit and without lone surrogates, which no JSON in UTF-8 can hold."""
    return text[: config.max_characters].encode("utf-8", "replace").decode("utf-8")


def _batches(texts: dict[int, str], config: EndpointConfig) -> Iterator[list[int]]:
    """Yield the keys of `texts` in groups that fit into one request each."""
    batch: list[int] = []
    characters = 0
    for place, text in texts.items():
        if batch and (len(batch) == config.batch_size or characters + len(text) > config.batch_characters):
            yield batch
            batch, characters = [], 0
        batch.append(place)
        characters += len(text)
    if batch:
        yield batch


def _vectors(answer: object) -> list[list[float]] | None:
    """Return the embeddings of an answer by their `index`; None if it is not such an answer."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return None
    places = [item.get("index", place) for place, item in enumerate(data)]
    vectors = [item.get("embedding") for item in data]
    if not all(isinstance(place, int) for place in places) or not all(isinstance(vector, list) for vector in vectors):
        return None
    if sorted(places) != list(range(len(data))):
        return None
    return [vectors[position] for position in np.argsort(places)]
