"""What every backend refuses, in the same words."""

from __future__ import annotations

from collections.abc import Mapping

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.errors import EmbeddingMismatchError, SchemaVersionError, StorageError

REINDEX = "agent-brain start --reindex"


def mismatched_model(stored: EmbeddingModel, asked: EmbeddingModel) -> EmbeddingMismatchError:
    """The index holds vectors of another model than the settings name."""
    return EmbeddingMismatchError(
        f"The index was embedded by {stored.name} ({stored.dimensions} dimensions), "
        f"the settings ask for {asked.name} ({asked.dimensions}). Run: {REINDEX}",
        stored=stored.name,
        asked=asked.name,
    )


def mismatched_tokenizer(stored: str, asked: str) -> SchemaVersionError:
    """The terms in the index were made by another tokenizer than this version's."""
    return SchemaVersionError(
        f"The index was made with tokenizer {stored}, this version of Agent Brain uses {asked}. Run: {REINDEX}",
        stored=stored,
        asked=asked,
    )


def check_vectors(vectors: Mapping[str, FloatArray], dimensions: int) -> None:
    """Refuse vectors of another length than the model's."""
    for text_hash, vector in vectors.items():
        if vector.shape != (dimensions,):
            raise StorageError(
                f"A vector of shape {vector.shape} does not fit a model of {dimensions} dimensions.",
                text_hash=text_hash,
            )


def lacking_vector(path: str) -> StorageError:
    """A chunk came without a vector while embedding is on."""
    return StorageError(f"A chunk of {path} came without its vector; the file was not indexed.", path=path)


def repeated_chunk_id() -> StorageError:
    """Two chunks of one index have the same id."""
    return StorageError("Two chunks have the same id; nothing of this batch was indexed.")
