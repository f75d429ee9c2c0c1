"""The reference: plain dicts and obvious loops, to test against and to try things out. Nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, Folder, IndexedFile, PreparedChunk
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import FINISHED, JOBS_KEPT, Job, JobState, Progress
from agent_brain_server.storage.checks import check_vectors, lacking_vector, repeated_chunk_id
from agent_brain_server.storage.differences import find_difference
from agent_brain_server.storage.memory.content import Content, Graph
from agent_brain_server.storage.memory.view import MemoryView
from agent_brain_server.storage.merging import merge
from agent_brain_server.storage.view import View

Result = TypeVar("Result")


class MemoryStore:
    """A `Store` in the memory of the process. No method waits, so each is one transaction by itself."""

    def __init__(self, model: EmbeddingModel, tokenizer_version: str) -> None:
        self._model = model
        self._tokenizer_version = tokenizer_version
        self._content = Content()
        self._folders: dict[str, Folder] = {}
        self._jobs: dict[int, Job] = {}

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to release."""

    def describe(self) -> str:
        return "memory (nothing is kept)"

    async def database_health(self) -> DatabaseHealth | None:
        return None

    @property
    def shared(self) -> bool:
        return False

    async def acquire_writing(self) -> bool:
        return True

    async def renew_writing(self) -> bool:
        return True

    async def release_writing(self) -> None:
        """Nobody else could take it."""

    async def read(self, work: Callable[[View], Result]) -> Result:
        return await asyncio.to_thread(work, MemoryView(self._content))

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        return set(text_hashes) - self._content.vectors.keys()

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        check_vectors(vectors, self._model.dimensions)
        newest = {indexed.record.path: indexed for indexed in files}
        content = self._content.copy()
        stored = content.stored_of(newest)
        difference = find_difference({} if rewrite else stored, newest.values())
        content.drop_rows([chunk.row for chunk in stored.values()] if rewrite else difference.removed)
        content.move(difference.moved)
        content.embedded_texts += len(vectors.keys() - content.vectors.keys())
        content.vectors = {**vectors, **content.vectors}
        held = {prepared.chunk.id for prepared in content.chunks.values()}
        for path, indexed in newest.items():
            content.files[path] = indexed.record
            content.graphs[path] = Graph.of(indexed)
            for prepared in difference.added[path]:
                self._add_chunk(content, prepared, held)
        self._content = content
        return difference.written

    def _add_chunk(self, content: Content, prepared: PreparedChunk, held: set[str]) -> None:
        if self._model.dimensions and prepared.text_hash not in content.vectors:
            raise lacking_vector(prepared.chunk.path)
        if prepared.chunk.id in held:
            raise repeated_chunk_id()
        held.add(prepared.chunk.id)
        content.chunks[content.next_row] = prepared
        content.next_row += 1

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        content = self._content.copy()
        content.files |= {record.path: record for record in records if record.path in content.files}
        self._content = content

    async def remove_files(self, paths: Collection[str]) -> int:
        content = self._content.copy()
        removed = content.drop_files(paths)
        self._content = content
        return removed

    async def drop_unused_vectors(self) -> int:
        content = self._content.copy()
        used = {held.text_hash for held in content.chunks.values()}
        content.vectors = {text_hash: vector for text_hash, vector in content.vectors.items() if text_hash in used}
        dropped = len(self._content.vectors) - len(content.vectors)
        self._content = content
        return dropped

    async def reset(self) -> None:
        content = self._content
        self._content = Content(next_row=content.next_row, embedded_texts=content.embedded_texts)

    async def settle(self) -> None:
        """Nothing is ever put off."""

    async def list_folders(self) -> list[Folder]:
        return [self._folders[path] for path in sorted(self._folders)]

    async def save_folder(self, folder: Folder) -> None:
        self._folders[folder.path] = folder

    async def remove_folder(self, path: str, heir: str | None = None) -> bool:
        if self._folders.pop(path, None) is None:
            return False
        content = self._content.copy()
        own = {name: record for name, record in content.files.items() if record.folder == path}
        if heir is None:
            content.drop_files(own)
        else:
            content.files |= {name: replace(record, folder=heir) for name, record in own.items()}
        self._content = content
        return True

    async def count_folders(self) -> dict[str, tuple[int, int]]:
        counts: dict[str, tuple[int, int]] = {}
        for record in self._content.files.values():
            files, chunks = counts.get(record.folder, (0, 0))
            counts[record.folder] = files + 1, chunks + record.chunk_count
        return counts

    async def add_job(self, paths: Sequence[str], force: bool, now: float) -> Job:
        queued = [job for job in self._jobs.values() if job.state == "queued"]
        newest = {job.force: job for job in queued}
        if (merged := merge(newest.values(), paths, force)) is not None:
            found = replace(merged.job, paths=merged.paths, force=merged.force)
            self._jobs[found.id] = found
            return found
        job = Job(id=max(self._jobs, default=0) + 1, state="queued", paths=tuple(paths), force=force, created_at=now)
        self._jobs[job.id] = job
        return job

    async def claim_job(self, now: float) -> Job | None:
        queued = [job for job in self._jobs.values() if job.state == "queued"]
        if not queued:
            return None
        oldest = min(queued, key=lambda job: job.id)
        claimed = replace(oldest, state="running", started_at=now, attempt=oldest.attempt + 1)
        self._jobs[claimed.id] = claimed
        return claimed

    async def save_progress(self, job_id: int, progress: Progress, *, attempt: int | None = None) -> bool:
        job = self._jobs.get(job_id)
        if job is None or job.state != "running" or job.attempt != (attempt or job.attempt):
            return False
        self._jobs[job_id] = replace(job, progress=progress)
        return True

    async def finish_job(
        self, job_id: int, state: JobState, error: str, progress: Progress, now: float, *, attempt: int | None = None
    ) -> None:
        job = self._jobs.get(job_id)
        if job is not None and job.state not in FINISHED and (attempt is None or _runs(job, attempt)):
            self._jobs[job_id] = replace(job, state=state, error=error, progress=progress, finished_at=now)
        for old in sorted(self._jobs)[:-JOBS_KEPT]:
            if self._jobs[old].state in FINISHED:
                del self._jobs[old]

    async def requeue_running(self) -> int:
        running = [job for job in self._jobs.values() if job.state == "running"]
        for job in running:
            self._jobs[job.id] = replace(job, state="queued")
        return len(running)

    async def find_job(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    async def list_unfinished(self) -> list[Job]:
        return [self._jobs[job_id] for job_id in sorted(self._jobs) if self._jobs[job_id].state not in FINISHED]

    async def list_jobs(self, before: int | None, limit: int) -> list[Job]:
        newest = sorted(
            (job for job in self._jobs.values() if before is None or job.id < before), key=lambda job: -job.id
        )
        return newest[: max(limit, 0)]


def _runs(job: Job, attempt: int) -> bool:
    return (job.state, job.attempt) == ("running", attempt)
