"""The arms of a search: each finds chunks in its own way, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import EmbeddingProviderError
from agent_brain_server.storage.protocol import SearchStore

QUESTION_EMBEDDING_SECONDS = 10.0


class Arms:
    """What the index holds for one question's terms and one question's vector."""

    def __init__(self, store: SearchStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder

    async def embed(self, text: str) -> FloatArray | None:
        """The question's vector, None where it has no content. Raises EmbeddingProviderError within 10 s."""
        try:
            async with asyncio.timeout(QUESTION_EMBEDDING_SECONDS):
                vectors = await self._embedder.embed([text])
        except TimeoutError as error:
            raise EmbeddingProviderError(
                f"The embedding endpoint ({self._embedder.model.name}) has not answered for"
                f" {QUESTION_EMBEDDING_SECONDS:g} s; mode bm25 works without it."
            ) from error
        return vectors[0] if vectors[0].any() else None

    async def ask(
        self,
        names: Sequence[str],
        terms: Sequence[str],
        vector: FloatArray | None,
        filters: Filters,
        depth: int,
    ) -> Mapping[str, Hits]:
        """The best `depth` hits of each of the arms `names` (bm25, vector)."""
        if len(names) > 1 and vector is not None:
            lexical, nearest = await self._store.search_both(terms, vector, filters, depth)
            return {"bm25": lexical, "vector": nearest}
        return {name: await self._ask_one(name, terms, vector, filters, depth) for name in names}

    async def _ask_one(
        self, name: str, terms: Sequence[str], vector: FloatArray | None, filters: Filters, depth: int
    ) -> Hits:
        if name == "bm25":
            return await self._store.search_lexical(terms, filters, depth)
        return Hits() if vector is None else await self._store.search_vector(vector, filters, depth)
