"""One indexing job: walk, compare, then read, embed and write batch by batch, each batch one transaction.

Batches are read and embedded while others are written. What was written is in the manifest, so a job that is killed and
run again goes on where it ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from agent_brain_server.domain.content import FileRecord, FloatArray, IndexedFile
from agent_brain_server.domain.jobs import Job, Progress
from agent_brain_server.domain.texts import storable
from agent_brain_server.errors import AgentBrainError, StorageError
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest
from agent_brain_server.indexing.walking.changes import Changes, compare, in_batches, within
from agent_brain_server.indexing.walking.emptied import emptied_folders, keep_emptied
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import FileEntry, WalkResult
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.interruption import Interruption, JobInterruptedError
from agent_brain_server.services.indexing.pipeline import Batch, BatchPipeline
from agent_brain_server.services.indexing.progress import ProgressMeter

log = logging.getLogger(__name__)

Result = TypeVar("Result")

HEED_SECONDS = 0.1
POOL_FROM_FILES = 48
REMOVE_AT_ONCE = 500
MOST_REASON = 300  # characters
LEFT_OUT_NOTE = "left out: "
# Files with a row in the manifest. One that is left out has it too, so that it is not read again at every job.
HELD = ("indexed", "binary", "secret", "unparsable")
# Files that the index holds nothing of any more. One that cannot be read may be the same again when it can.
LOST = ("gone", "too_large")


@dataclass(slots=True)
class IndexRun:
    """One attempt at a job, made by `run`.

    `report` is called with the progress of every step. `interruption` returns why the job must end, None as long as it
    need not; it is asked often, but never ends a write.
    """

    context: JobContext
    job: Job
    report: Callable[[Progress], None]
    interruption: Callable[[], Interruption | None]
    _manifest: Mapping[str, FileRecord] = field(default_factory=dict)
    _all_there: bool = True

    async def run(self) -> Progress:
        """Return the job's final progress. Raise JobInterruptedError, or the AgentBrainError that ended it."""
        meter = ProgressMeter(self.report, before=self.job.progress)
        found, changes = await self._survey()
        meter.start(changes, found)
        meter.left_out(self._left_out_before(changes))
        await self._write_files(changes.to_read, meter)
        await self._remove(changes.removed, meter)
        if not self.job.paths:
            await self._tidy()
        return meter.finish()

    async def _write_files(self, entries: Sequence[FileEntry], meter: ProgressMeter) -> None:
        """Write the files batch by batch. Only a large job has several worker processes."""
        batches = list(in_batches(entries))
        if len(entries) >= POOL_FROM_FILES:
            self.context.workers.start()
        try:
            async with BatchPipeline(self.context, self._request, batches) as pipeline:
                for _ in batches:
                    await self._write(await self._unless_interrupted(pipeline.next()), meter)
                    self._heed_interruption()
        finally:
            self.context.workers.stop()

    async def _tidy(self) -> None:
        """Drop unused vectors and optimize. Both look at the whole index, which is too much for one saved file."""
        if self._all_there:
            await self.context.store.index.drop_unused_vectors()
        await self._optimize()

    async def _survey(self) -> tuple[WalkResult, Changes]:
        tree, manifest = await asyncio.gather(self.context.folders.tree(), self._known())
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
        """Return the manifest's part that the job asks for; read all of it only where a path may be a directory."""
        store, paths = self.context.store, self.job.paths
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
        if (reason := self.interruption()) is not None:
            raise JobInterruptedError(reason)

    async def _unless_interrupted(self, work: Coroutine[object, object, Result]) -> Result:
        """Do what is no write, given up at once if interrupted: an endpoint that hangs must not hold up a stop."""
        task = asyncio.create_task(work)
        try:
            while not task.done():
                self._heed_interruption()
                await asyncio.wait([task], timeout=HEED_SECONDS)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _request(self, entry: FileEntry) -> ReadRequest:
        record = self._manifest.get(entry.path)
        known_hash = record.content_hash if record and not self.job.force else ""
        return ReadRequest(entry, known_hash, self.context.folders.limits.of(entry.path))

    async def _write(self, batch: Batch, meter: ProgressMeter) -> None:
        store, now = self.context.store, time.time()
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
            raise JobInterruptedError(self.interruption() or Interruption.TAKEN_OVER)

    async def _lost(self, prepared: Sequence[PreparedFile]) -> Sequence[str]:
        """Return the files that the index holds nothing of any more. A disk may have gone since the walk: its files
        stay."""
        paths = [file.entry.path for file in prepared if file.verdict in LOST and file.entry.path in self._manifest]
        if not paths or self.job.force:
            return paths
        held = {self._manifest[path].folder for path in paths}
        tree = await self.context.folders.tree()
        emptied = await asyncio.to_thread(emptied_folders, tree, held)
        return [path for path in paths if self._manifest[path].folder not in {*tree.missing, *emptied}]

    async def _put(self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], meter: ProgressMeter) -> int:
        """Write the files, each by itself where the store refuses them together; return how many chunks it wrote."""
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
        """Return how many chunks were written, or why the store refuses the files. Raise what is no refusal."""
        try:
            return await self.context.store.index.upsert_chunks(files, vectors, rewrite=self.job.force)
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
            meter.removed(await self.context.store.index.remove_files(removed[start : start + REMOVE_AT_ONCE]))
            self._heed_interruption()

    async def _optimize(self) -> None:
        """Make the index faster, which may fail: it is complete and answers already."""
        try:
            await self._unless_interrupted(self.context.store.index.optimize())
        except StorageError as error:
            log.warning(
                "job %d: the index is complete but not optimized, which the next job does: %s", self.job.id, error
            )


def _left_out(records: Iterable[FileRecord]) -> Counter[str]:
    return Counter(left_out_because(record)[0] for record in records if record.note.startswith(LEFT_OUT_NOTE))


def left_out_because(record: FileRecord) -> tuple[str, str]:
    """Return why a file of the manifest was left out when it was read, and for a secret what it is."""
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
