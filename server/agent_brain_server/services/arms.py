"""The arms of a search: each finds chunks in its own way, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import EmbeddingProviderError
from agent_brain_server.services.off_loop import together
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
        asked = [
            self._lexical(terms, filters, depth) if name == "bm25" else self._nearest(vector, filters, depth)
            for name in names
        ]
        return dict(zip(names, await together(*asked), strict=True))

    async def _lexical(self, terms: Sequence[str], filters: Filters, depth: int) -> Hits:
        return await self._store.search_lexical(terms, filters, depth)

    async def _nearest(self, vector: FloatArray | None, filters: Filters, depth: int) -> Hits:
        return Hits() if vector is None else await self._store.search_vector(vector, filters, depth)
