"""The protocol of an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent_brain_server.domain.content import EmbeddingModel, FloatArray


class Embedder(Protocol):
    """Turns texts into unit vectors. `model` is its identity; a model of 0 dimensions is never asked."""

    @property
    def model(self) -> EmbeddingModel: ...

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return a row for each text: shape [len(texts), dimensions], float32, unit length (zero without content).

        Raise EmbeddingProviderError when the model cannot be reached.
        """
        ...
