"""No embedding: keyword search only."""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.errors import EmbeddingDisabledError


class DisabledEmbedder:
    """An embedder of 0 dimensions."""

    model = EmbeddingModel("none", 0)

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """Refuse: nothing may ask."""
        raise EmbeddingDisabledError("Embedding is turned off (embedding.provider: none).")
