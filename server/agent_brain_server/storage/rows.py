"""Rows of tables that every database has in the same order of columns."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from agent_brain_server.domain.content import EmbeddingModel, FloatArray, IndexedFile, PreparedChunk
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.storage.symbols import last_part

Row = Sequence[Any]


def new_identity(model: EmbeddingModel, tokenizer_version: str) -> dict[str, object]:
    """Return what an index says of itself when it is made, or emptied: a new instance, tokenizer and model."""
    return {
        "instance": secrets.token_hex(8),
        "tokenizer_version": tokenizer_version,
        "embedding_name": model.name,
        "embedding_dimensions": model.dimensions,
        "embedding_tokenizer": model.tokenizer,
    }


def chunk_row(row: int, file_id: int, prepared: PreparedChunk) -> tuple[object, ...]:
    """Return a row of `chunks`."""
    chunk = prepared.chunk
    return (
        row,
        chunk.id,
        file_id,
        chunk.start_line,
        chunk.end_line,
        chunk.language,
        chunk.kind,
        chunk.symbol,
        last_part(chunk.symbol),
        prepared.text_hash,
        chunk.signature,
        chunk.documentation,
        chunk.text,
    )


def texts_without_vector(files: Mapping[str, IndexedFile], vectors: Mapping[str, FloatArray]) -> dict[str, str]:
    """Return the hashes of the texts that `vectors` does not have, each with the path of a file that holds it."""
    return {
        chunk.text_hash: path
        for path, indexed in files.items()
        for chunk in indexed.chunks
        if chunk.text_hash not in vectors
    }


_PROGRESS = frozenset(field.name for field in fields(Progress))


def _progress(stored: Mapping[str, Any]) -> Progress:
    """Return the stored progress; another version may have stored more."""
    known = {name: value for name, value in stored.items() if name in _PROGRESS}
    return Progress(**{**known, "problems": tuple(known.get("problems", ()))})


def job(row: Row, paths: Sequence[str], progress: Mapping[str, Any]) -> Job:
    """Return the job of a row of `jobs`, whose `paths` and `progress` are decoded."""
    job_id, state, _, force, created_at, started_at, finished_at, attempt, error, _ = row
    return Job(
        id=job_id,
        state=state,
        paths=tuple(paths),
        force=bool(force),
        created_at=created_at,
        started_at=started_at,
        finished_at=finished_at,
        attempt=attempt,
        error=error,
        progress=_progress(progress),
    )
