"""The built-in embedder: a token table that ships with the package; no network, no key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.embedding.encoding import DATA, encode, load_table

LARGE_BATCH = 4

Run = Callable[[Callable[[Sequence[str]], FloatArray], Sequence[str]], Awaitable[FloatArray]]


async def _in_thread(function: Callable[[Sequence[str]], FloatArray], texts: Sequence[str]) -> FloatArray:
    return await asyncio.to_thread(function, texts)


class BuiltInEmbedder:
    """Encodes small batches in place and hands large ones to `run`, by default a thread; the table is loaded in one."""

    def __init__(self, run: Run = _in_thread) -> None:
        facts = json.loads((DATA / "meta.json").read_text("utf-8"))
        self._model = EmbeddingModel(facts["name"], facts["dimensions"], facts["tokenizer_version"])
        self._run = run
        self._loaded = False

    @property
    def model(self) -> EmbeddingModel:
        """Return the table's identity, from its card, without loading it."""
        return self._model

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """See Embedder."""
        if len(texts) <= LARGE_BATCH and sum(map(len, texts)) < 20_000:
            if not self._loaded:
                await asyncio.to_thread(load_table)
                self._loaded = True
            return encode(texts)
        return await self._run(encode, texts)
