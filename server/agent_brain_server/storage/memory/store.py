"""The reference: plain dicts and obvious loops, to test against and to try things out. Nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from agent_brain_server.domain.content import (
    Chunk,
    ChunkPlace,
    EmbeddingModel,
    FileRecord,
    FloatArray,
    Folder,
    IndexedFile,
    IndexStatistics,
    PreparedChunk,
)
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.jobs import FINISHED, JOBS_KEPT, Job, JobState, Progress
from agent_brain_server.domain.search import Filters, Hits
from agent_brain_server.storage.checks import check_vectors, lacking_vector, repeated_chunk_id
from agent_brain_server.storage.differences import find_difference
from agent_brain_server.storage.filtering import chunk_filter
from agent_brain_server.storage.graph import key_of
from agent_brain_server.storage.lexical import plain_terms
from agent_brain_server.storage.memory.content import Content, Graph
from agent_brain_server.storage.memory.ranking import rank_by_cosine, rank_by_terms
from agent_brain_server.storage.merging import merge
from agent_brain_server.storage.texts import clean

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

    async def beside(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        return await work()

    async def search_lexical(self, terms: Sequence[str], filters: Filters, limit: int) -> Hits:
        asked = plain_terms(terms)
        if not asked:
            return Hits()
        return Hits(rank_by_terms(self._content.chunks, asked, chunk_filter(filters))[: max(limit, 0)], "scan")

    async def search_vector(self, vector: FloatArray, filters: Filters, limit: int) -> Hits:
        if not self._model.dimensions:
            return Hits()
        content = self._content
        allows = chunk_filter(filters)
        held = {
            row: content.vectors[chunk.text_hash]
            for row, chunk in content.chunks.items()
            if chunk.text_hash in content.vectors and allows(chunk.chunk)
        }
        return Hits(rank_by_cosine(held, vector)[: max(limit, 0)], "exact")

    async def search_both(
        self, terms: Sequence[str], vector: FloatArray, filters: Filters, limit: int
    ) -> tuple[Hits, Hits]:
        return await self.search_lexical(terms, filters, limit), await self.search_vector(vector, filters, limit)

    async def fetch_chunks(self, rows: Sequence[int]) -> dict[int, Chunk]:
        return {row: self._content.chunks[row].chunk for row in rows if row in self._content.chunks}

    async def find_chunk(self, chunk_id: str) -> Chunk | None:
        return next((held.chunk for held in self._content.chunks.values() if held.chunk.id == chunk_id), None)

    async def files_of(self, rows: Sequence[int]) -> dict[int, ChunkPlace]:
        content = self._content
        held = {row: content.chunks[row].chunk for row in rows if row in content.chunks}
        return {row: ChunkPlace(content.files[c.path], c.start_line, c.end_line) for row, c in held.items()}

    async def find_files(self, paths: Collection[str]) -> dict[str, FileRecord]:
        return {path: self._content.files[path] for path in paths if path in self._content.files}

    async def statistics(self) -> IndexStatistics:
        languages: dict[str, int] = {}
        for record in self._content.files.values():
            if record.language:
                languages[record.language] = languages.get(record.language, 0) + 1
        content = self._content
        return IndexStatistics(
            files=sum(languages.values()),
            chunks=len(content.chunks),
            vectors=len(content.vectors),
            bytes=0,
            embedded_texts=content.embedded_texts,
            languages=languages,
        )

    async def find_definitions(self, names: Collection[str]) -> list[LocatedDefinition]:
        keys = set(map(key_of, names))
        return self._content.definitions(lambda path, key: key in keys)

    async def definitions_in(self, paths: Collection[str], symbols: Collection[str] = ()) -> list[LocatedDefinition]:
        found = self._content.definitions(lambda path, key: path in paths)
        return [one for one in found if not symbols or one.definition.symbol in symbols]

    async def find_references(self, names: Collection[str], limit: int) -> list[LocatedReference]:
        asked = set(map(clean, names))
        return self._content.references(lambda path, name: name in asked)[: max(limit, 0)]

    async def references_in(
        self, paths: Collection[str], kinds: Collection[str] = (), within: Collection[str] = ()
    ) -> list[LocatedReference]:
        found = self._content.references(lambda path, name: path in paths)
        inside = [one for one in found if not within or any(_lies_in(one.reference.scope, owner) for owner in within)]
        return [one for one in inside if not kinds or one.reference.kind in kinds]

    async def rows_at(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict(self._content.rows_at(places))

    async def list_files(self) -> dict[str, FileRecord]:
        return dict(self._content.files)

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
        for record in records:
            if record.path in self._content.files:
                self._content.files[record.path] = record

    async def remove_files(self, paths: Collection[str]) -> int:
        return self._content.drop_files(paths)

    async def drop_unused_vectors(self) -> int:
        content = self._content
        used = {held.text_hash for held in content.chunks.values()}
        kept = {text_hash: vector for text_hash, vector in content.vectors.items() if text_hash in used}
        dropped = len(content.vectors) - len(kept)
        content.vectors = kept
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
        own = {name: record for name, record in self._content.files.items() if record.folder == path}
        if heir is None:
            self._content.drop_files(own)
        else:
            self._content.files |= {name: replace(record, folder=heir) for name, record in own.items()}
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


def _lies_in(scope: str, owner: str) -> bool:
    return scope == owner or scope.startswith(f"{owner}.")
