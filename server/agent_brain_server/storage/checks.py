"""Checks and errors that all backends share."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from agent_brain_server.domain.content import EmbeddingModel, FloatArray
from agent_brain_server.domain.jobs import Job
from agent_brain_server.errors import EmbeddingMismatchError, StorageError

log = logging.getLogger(__name__)

REINDEX = "agent-brain start --reindex"


def mismatched_model(stored: EmbeddingModel, asked: EmbeddingModel) -> EmbeddingMismatchError:
    """Return the error for an index whose vectors are of another model than the settings name."""
    return EmbeddingMismatchError(
        f"The index was made with the embedding {stored.name} ({stored.dimensions} dimensions), but the settings say "
        f"{asked.name} ({asked.dimensions}). Run: {REINDEX}",
        stored=stored.name,
        asked=asked.name,
    )


def log_emptied(place: str, job: Job | None) -> None:
    """Say in one line that an index was emptied because this version cannot go on with it."""
    then = f"job {job.id} indexes its folders again" if job else "it has no folders to index again"
    log.warning(
        "The index in %s was made by another version and starts empty; its embeddings are kept, %s.", place, then
    )


def check_vectors(vectors: Mapping[str, FloatArray], dimensions: int) -> None:
    """Refuse vectors of another length than the model's."""
    for text_hash, vector in vectors.items():
        if vector.shape != (dimensions,):
            raise StorageError(
                f"A vector of shape {vector.shape} does not fit a model of {dimensions} dimensions.",
                text_hash=text_hash,
            )


def require_vectors(needed: Mapping[str, str], missing: Collection[str]) -> None:
    """Raise StorageError where a text is `missing`; `needed` has the path of a file for each text hash."""
    for text_hash in missing:
        raise lacking_vector(needed[text_hash])


def lacking_vector(path: str) -> StorageError:
    """Return the error for a chunk without a vector while embedding is on."""
    return StorageError(f"A chunk of {path} came without its vector; the file was not indexed.", path=path)


def repeated_chunk_id() -> StorageError:
    """Return the error for two chunks with the same id."""
    return StorageError("Two chunks have the same id; nothing of this batch was indexed.")
