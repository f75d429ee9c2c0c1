"""The embedder that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_brain_server.embedding.built_in import BuiltInEmbedder, Run
from agent_brain_server.embedding.disabled import DisabledEmbedder
from agent_brain_server.errors import SettingsError

if TYPE_CHECKING:
    from agent_brain_server.embedding.protocol import Embedder
    from agent_brain_server.settings.model import EmbeddingSettings


async def create_embedder(settings: EmbeddingSettings, run: Run) -> Embedder:
    """Make it; `run` takes the built-in embedder's large batches off the event loop.

    Raise SettingsError for what is missing, EmbeddingProviderError when the endpoint does not answer.
    """
    if settings.provider == "none":
        return DisabledEmbedder()
    if settings.provider == "built-in":
        return BuiltInEmbedder(run)
    for name in ("base_url", "model"):
        if not getattr(settings, name):
            raise SettingsError(f"embedding.provider openai-compatible needs embedding.{name}. Set it in config.yaml.")
    from agent_brain_server.embedding.openai_compatible import EndpointConfig, OpenAICompatibleEmbedder

    return await OpenAICompatibleEmbedder.create(
        EndpointConfig(
            base_url=settings.base_url,
            model=settings.model,
            api_key=settings.api_key.get_secret_value(),
            dimensions=settings.dimensions,
            batch_size=settings.batch_size,
            concurrency=settings.concurrency,
            timeout_seconds=settings.timeout_seconds,
        )
    )
