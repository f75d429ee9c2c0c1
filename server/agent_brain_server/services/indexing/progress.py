"""Progress: what is done is written, what is left is estimated from the bytes that are left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent_brain_server.domain.jobs import Progress
from agent_brain_server.indexing.reading.prepare import PreparedFile
from agent_brain_server.indexing.walking.changes import Changes
from agent_brain_server.indexing.walking.walk_result import WalkResult

MOST_PROBLEMS = 50
FAILED = ("unreadable",)
LEFT_OUT = ("binary", "secret", "too_large", "unreadable", "unparsable")


class ProgressMeter:
    """The progress of a job, which grows with every batch; `report` is called with each new state.

    `before` is what an earlier attempt of the job had done: its files count as unchanged now, but are this job's work.
    """

    def __init__(
        self,
        report: Callable[[Progress], None],
        clock: Callable[[], float] = time.monotonic,
        before: Progress | None = None,
    ) -> None:
        before = before or Progress()
        self.progress = Progress(
            files_changed=before.files_changed,
            files_removed=before.files_removed,
            chunks_done=before.chunks_done,
            chunks_written=before.chunks_written,
            texts_embedded=before.texts_embedded,
        )
        self._chunks_before = before.chunks_done
        self._report = report
        self._clock = clock
        self._started = clock()
        self._bytes_total = 0
        self._bytes_done = 0
        self._skipped: Counter[str] = Counter()
        self._problems: list[str] = []

    def start(self, changes: Changes, found: WalkResult) -> None:
        """Begin after the walk: what there is to do is known."""
        self._started = self._clock()
        self._bytes_total = sum(entry.size for entry in changes.to_read)
        self._skipped.update(found.skipped)
        self._problems.extend(found.problems[:MOST_PROBLEMS])
        self._publish(
            replace(
                self.progress,
                files_total=changes.unchanged + len(changes.to_read),
                files_done=changes.unchanged,
                current_file=changes.to_read[0].path if changes.to_read else "",
            )
        )

    def left_out(self, reasons: Counter[str]) -> None:
        """Count unchanged files that an earlier reading left out, by reason."""
        self._skipped.update(reasons)

    def add(self, files: Sequence[PreparedFile], embedded: int, written: int = 0) -> None:
        """Count a batch that is written, `written` chunks of it."""
        before = self.progress
        self._bytes_done += sum(file.entry.size for file in files)
        for file in files:
            self._note(file)
        chunks = before.chunks_done + sum(len(file.chunks) for file in files)
        rate, seconds_left = self._pace(chunks - self._chunks_before)
        self._publish(
            replace(
                before,
                files_done=before.files_done + len(files),
                files_changed=before.files_changed + sum(file.verdict == "indexed" for file in files),
                files_failed=before.files_failed + sum(file.verdict in FAILED for file in files),
                chunks_done=chunks,
                chunks_total=self._estimate(chunks),
                chunks_written=before.chunks_written + written,
                texts_embedded=before.texts_embedded + embedded,
                rate=rate,
                eta_seconds=seconds_left,
                current_file=files[-1].entry.path,
            )
        )

    def refused(self, path: str, reason: str) -> None:
        """Name a file of the batch that is being written, which the store does not take."""
        self._skipped["unparsable"] += 1
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(f"{path}: {reason}")

    def removed(self, files: int) -> None:
        """Count files that were removed from the index, since they are gone from disk."""
        self._publish(replace(self.progress, files_removed=self.progress.files_removed + files))

    def finish(self) -> Progress:
        """Return the final state: nothing is estimated any more."""
        self._publish(replace(self.progress, chunks_total=self.progress.chunks_done, eta_seconds=0.0, current_file=""))
        return self.progress

    def _note(self, file: PreparedFile) -> None:
        if file.verdict in LEFT_OUT:
            self._skipped[file.verdict] += 1
        if file.note and file.verdict not in ("secret", "binary") and len(self._problems) < MOST_PROBLEMS:
            self._problems.append(f"{file.entry.path}: {file.note}")

    def _estimate(self, chunks: int) -> int:
        new = chunks - self._chunks_before
        return self._chunks_before + round(new * self._bytes_total / self._bytes_done) if self._bytes_done else chunks

    def _pace(self, chunks: int) -> tuple[float, float]:
        """Return the chunks a second so far, and the seconds that the bytes left will take at that pace."""
        seconds = max(self._clock() - self._started, 1e-6)
        left = (self._bytes_total - self._bytes_done) * seconds / max(self._bytes_done, 1)
        return round(chunks / seconds, 1), round(max(left, 0.0), 2)

    def _publish(self, progress: Progress) -> None:
        self.progress = replace(progress, skipped=dict(self._skipped), problems=tuple(self._problems))
        self._report(self.progress)
