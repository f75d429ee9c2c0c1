"""One indexing job: walk, compare, then read, embed and write batch by batch, each batch one transaction.

Batches are read and embedded ahead while one is written, in order, so memory is bounded by LOOKAHEAD batches. Whatever
was written is in the manifest, so a job that is killed and run again goes on where it ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent_brain_server.domain.content import FileRecord, FloatArray, IndexedFile
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.domain.texts import storable
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import AgentBrainError, StorageError
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest
from agent_brain_server.indexing.walking.changes import Changes, batches, compare, within
from agent_brain_server.indexing.walking.emptied import emptied_folders, keep_emptied
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import FileEntry, WalkResult
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.progress import ProgressMeter
from agent_brain_server.storage.protocol import Store

log = logging.getLogger(__name__)

Result = TypeVar("Result")

LOOKAHEAD = 3
HEED_SECONDS = 0.1
POOL_FROM_FILES = 48
REMOVE_AT_ONCE = 500
MOST_REASON = 300  # characters
LEFT_OUT_NOTE = "left out: "
# Files with a row in the manifest. One that is left out has it too, so that it is not read again at every job.
HELD = ("indexed", "binary", "secret", "unparsable")
# Files that the index holds nothing of any more. One that cannot be read may be the same again when it can.
LOST = ("gone", "too_large")


class JobInterruptedError(Exception):
    """The job was asked to stop between two batches, or somebody else has ended it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every job of this server needs."""

    store: Store
    embedder: Embedder
    workers: Workers
    folders: IndexedFolders


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are read, with the vectors of their new texts."""

    prepared: Sequence[PreparedFile]
    vectors: Mapping[str, FloatArray]


@dataclass(slots=True)
class IndexRun:
    """`run` does it once; `report` is called with every step's progress; `interrupted` is asked all along, but never
    ends a write."""

    around: Surroundings
    job: Job
    report: Callable[[Progress], None]
    interrupted: Callable[[], bool]
    _manifest: Mapping[str, FileRecord] = field(default_factory=dict)
    _embedding: set[str] = field(default_factory=set)
    _all_there: bool = True
    _claimed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> Progress:
        """The job's final progress. Raises JobInterruptedError, or the AgentBrainError that ended it."""
        self._claimed.set()
        meter = ProgressMeter(self.report, before=self.job.progress)
        found, changes = await self._survey()
        meter.start(changes, found)
        meter.left_out(self._left_out_before(changes))
        if len(changes.to_read) >= POOL_FROM_FILES:
            self.around.workers.start()
        try:
            async with aclosing(self._batches(changes.to_read)) as ready:
                async for batch in ready:
                    await self._write(batch, meter)
                    self._heed_interruption()
        finally:
            self.around.workers.stop()
        await self._remove(changes.removed, meter)
        # All vectors are looked at for it: too much for one saved file, and unused ones harm nobody until the next job.
        if not self.job.paths:
            if self._all_there:
                await self.around.store.index.drop_unused_vectors()
            await self._optimize()
        return meter.finish()

    async def _survey(self) -> tuple[WalkResult, Changes]:
        tree, manifest = await asyncio.gather(self.around.folders.tree(), self._known())
        found = await asyncio.to_thread(self._walk, tree)
        # A folder that is not there may be a disk that is not mounted: its files stay until it is removed by name.
        self._manifest = {path: record for path, record in manifest.items() if record.folder not in tree.missing}
        self._heed_interruption()
        return await asyncio.to_thread(self._compare, tree, found)

    def _compare(self, tree: FileTree, found: WalkResult) -> tuple[WalkResult, Changes]:
        changes = compare(found.files, self._manifest, self.job.force, found.unknown)
        if self.job.force:
            return found, changes
        # After an upgrade the index may hold vectors alone of what is away.
        self._all_there = not (tree.missing or emptied_folders(tree, tree.folders))
        changes, problems = keep_emptied(tree, self._manifest, changes)
        return replace(found, problems=(*problems, *found.problems)), changes

    async def _known(self) -> Mapping[str, FileRecord]:
        """The manifest, or what the job asks for of it: all of it is read only where that may be more than files."""
        store, paths = self.around.store, self.job.paths
        known = await store.read(lambda view: view.search.find_files(paths)) if paths else {}
        if paths and all(path in known for path in paths):
            return known
        manifest = await store.read(lambda view: view.search.list_files())
        return {path: record for path, record in manifest.items() if self._asked(path)} if paths else manifest

    def _walk(self, tree: FileTree) -> WalkResult:
        if not self.job.paths:
            return tree.walk()
        outermost = [p for p in self.job.paths if not any(within(p, o) for o in self.job.paths if o != p)]
        parts = [tree.walk_beneath(path) for path in outermost]
        return WalkResult(
            tuple(sorted((entry for part in parts for entry in part.files), key=lambda entry: entry.path)),
            dict(sum((Counter(part.skipped) for part in parts), Counter())),
            tuple(problem for part in parts for problem in part.problems),
            unknown=frozenset[str]().union(*(part.unknown for part in parts)),
        )

    def _left_out_before(self, changes: Changes) -> Counter[str]:
        gone = {*changes.removed, *(entry.path for entry in changes.to_read)}
        return _left_out(record for path, record in self._manifest.items() if path not in gone)

    def _asked(self, path: str) -> bool:
        return any(within(path, asked) for asked in self.job.paths)

    def _heed_interruption(self) -> None:
        if self.interrupted():
            raise JobInterruptedError

    async def _batches(self, entries: Sequence[FileEntry]) -> AsyncGenerator[Batch, None]:
        waiting: deque[asyncio.Task[Batch]] = deque()
        upcoming = batches(entries)
        try:
            while _fill(waiting, upcoming, self._ready):
                yield await self._unless_interrupted(waiting[0])
                waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _unless_interrupted(self, work: asyncio.Task[Result]) -> Result:
        """What is no write is given up at once: an endpoint that hangs must not hold up a stop."""
        while not work.done():
            self._heed_interruption()
            await asyncio.wait([work], timeout=HEED_SECONDS)
        return work.result()

    async def _ready(self, entries: Sequence[FileEntry]) -> Batch:
        # Tasks begin in the order of their batches, and batches are written in it, but they may be prepared in another.
        before, claimed = self._claimed, asyncio.Event()
        self._claimed = claimed
        limits = self.around.folders.limits
        try:
            requests = [ReadRequest(e, self._known_hash(e.path), limits.of(e.path)) for e in entries]
            prepared = await self.around.workers.prepare(requests)
            await before.wait()
            texts = self._claim(prepared)
        finally:
            claimed.set()
        return Batch(prepared, await self._embed(texts))

    def _known_hash(self, path: str) -> str:
        record = self._manifest.get(path)
        return record.content_hash if record and not self.job.force else ""

    def _claim(self, prepared: Sequence[PreparedFile]) -> Mapping[str, str]:
        """The texts by hash that this batch sees to; those of an earlier batch of this run are written before it."""
        if not self.around.embedder.model.dimensions:
            return {}
        texts = {c.text_hash: c.chunk.embedding_text for file in prepared for c in file.chunks}
        fresh = {text_hash: text for text_hash, text in texts.items() if text_hash not in self._embedding}
        self._embedding.update(fresh)
        return fresh

    async def _embed(self, texts: Mapping[str, str]) -> Mapping[str, FloatArray]:
        missing = sorted(await self.around.store.index.missing_vectors(texts.keys())) if texts else []
        if not missing:
            return {}
        vectors = await self.around.embedder.embed([texts[text_hash] for text_hash in missing])
        return dict(zip(missing, vectors, strict=True))

    async def _write(self, batch: Batch, meter: ProgressMeter) -> None:
        store, now = self.around.store, time.time()
        unchanged = [self._seen_again(file, now) for file in batch.prepared if file.verdict == "same"]
        new = [
            IndexedFile(_record(file, now), file.chunks, file.graph) for file in batch.prepared if file.verdict in HELD
        ]
        if lost := await self._lost(batch.prepared):
            meter.removed(await store.index.remove_files(lost))
        written = await self._put(new, batch.vectors, meter) if new else 0
        if unchanged:
            await store.index.refresh_files(unchanged)
        meter.left_out(_left_out(unchanged))
        meter.add(batch.prepared, len(batch.vectors), written)
        if not await store.jobs.save_progress(self.job.id, meter.progress, attempt=self.job.attempt):
            raise JobInterruptedError

    async def _lost(self, prepared: Sequence[PreparedFile]) -> Sequence[str]:
        """The files that the index holds nothing of any more. A disk may have gone since the walk: its files stay."""
        paths = [file.entry.path for file in prepared if file.verdict in LOST and file.entry.path in self._manifest]
        if not paths or self.job.force:
            return paths
        held = {self._manifest[path].folder for path in paths}
        tree = await self.around.folders.tree()
        emptied = await asyncio.to_thread(emptied_folders, tree, held)
        return [path for path in paths if self._manifest[path].folder not in {*tree.missing, *emptied}]

    async def _put(self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], meter: ProgressMeter) -> int:
        """Write the files, each by itself where the store does not take them together; how many chunks were written."""
        written = await self._try(files, vectors)
        return written if isinstance(written, int) else await self._put_singly(files, vectors, meter)

    async def _put_singly(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], meter: ProgressMeter
    ) -> int:
        total = 0
        for file in files:
            needed = {chunk.text_hash for chunk in file.chunks}
            own = {text_hash: vector for text_hash, vector in vectors.items() if text_hash in needed}
            written = await self._try([file], own)
            if isinstance(written, int):
                total += written
            else:
                meter.refused(file.record.path, reason := written)
                note = f"{LEFT_OUT_NOTE}unparsable: {reason}"
                # As of no content and no time, so that every job over it tries again.
                row = replace(file.record, content_hash="", mtime_ns=0, language="", chunk_count=0, note=note)
                await self._try([IndexedFile(row, ())], {})
        return total

    async def _try(self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray]) -> int | str:
        """How many chunks were written, or why the store does not take the files. Raise what is its own trouble."""
        try:
            return await self.around.store.index.upsert_chunks(files, vectors, rewrite=self.job.force)
        except AgentBrainError as error:
            if type(error) is not StorageError:
                raise
            reason: Exception = error
        except Exception as error:
            reason = error
        log.warning("job %d: %d files were not written together: %s", self.job.id, len(files), reason)
        return f"the index refused it: {storable(' '.join(str(reason).split()))[:MOST_REASON]}"

    def _seen_again(self, file: PreparedFile, now: float) -> FileRecord:
        record = self._manifest[file.entry.path]
        return replace(record, folder=file.entry.folder, size=file.size, mtime_ns=file.mtime_ns, indexed_at=now)

    async def _remove(self, removed: Sequence[str], meter: ProgressMeter) -> None:
        for start in range(0, len(removed), REMOVE_AT_ONCE):
            meter.removed(await self.around.store.index.remove_files(removed[start : start + REMOVE_AT_ONCE]))
            self._heed_interruption()

    async def _optimize(self) -> None:
        """The index is whole and answers already: what makes it faster may fail."""
        settling = asyncio.create_task(self.around.store.index.optimize())
        try:
            await self._unless_interrupted(settling)
        except StorageError as error:
            log.warning(
                "job %d: the index is complete but not optimized, which the next job does: %s", self.job.id, error
            )
        finally:
            settling.cancel()
            await asyncio.gather(settling, return_exceptions=True)


def _fill(
    waiting: deque[asyncio.Task[Batch]],
    upcoming: Iterator[Sequence[FileEntry]],
    make: Callable[[Sequence[FileEntry]], Coroutine[object, object, Batch]],
) -> bool:
    while len(waiting) < LOOKAHEAD and (entries := next(upcoming, None)) is not None:
        waiting.append(asyncio.create_task(make(entries)))
    return bool(waiting)


def _left_out(records: Iterable[FileRecord]) -> Counter[str]:
    return Counter(left_out_because(record)[0] for record in records if record.note.startswith(LEFT_OUT_NOTE))


def left_out_because(record: FileRecord) -> tuple[str, str]:
    """Why a file of the manifest was left out when it was read: the reason, and for a secret what it is."""
    reason, _, detail = record.note.removeprefix(LEFT_OUT_NOTE).partition(": ")
    return reason, detail


def _record(file: PreparedFile, now: float) -> FileRecord:
    return FileRecord(
        path=file.entry.path,
        folder=file.entry.folder,
        content_hash=file.content_hash,
        size=file.size,
        mtime_ns=file.mtime_ns,
        language=file.language,
        chunk_count=len(file.chunks),
        note=_note(file),
        indexed_at=now,
    )


def _note(file: PreparedFile) -> str:
    if file.verdict == "indexed":
        return "; ".join(note for note in (file.note, file.masked) if note)
    return LEFT_OUT_NOTE + file.verdict + (f": {file.note}" if file.note else "")
