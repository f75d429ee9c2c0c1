"""What is not in the index, and where secrets were masked in what is: from the manifest and a walk of the folders."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from agent_brain_server.domain.content import FileRecord
from agent_brain_server.domain.jobs import Job
from agent_brain_server.indexing.reading.notes import missing_parts
from agent_brain_server.indexing.secrets import mask_text, masked_kinds
from agent_brain_server.indexing.walking.emptied import emptied_folders, folders_held, why_kept
from agent_brain_server.indexing.walking.index_root import FolderProblem
from agent_brain_server.indexing.walking.walk_result import WalkResult
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_run import LEFT_OUT_NOTE, left_out_because
from agent_brain_server.storage.protocol import JobStore
from agent_brain_server.storage.view import ReadStore


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A file, or with a `/` at its end a directory. `masked` counts the masked places by kind, where it is indexed.

    The reason `partial` is that of a file of which not all is indexed; `masked` that of one that only has such places.
    """

    path: str
    reason: str
    detail: str
    masked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One page in the order of the paths, and the totals over all of them. `more`: there are further pages.

    `problems` says of each folder that is left out, is missing or holds no file any more, and of each directory with
    too many ignore rules, in a sentence, what to do.
    """

    entries: Sequence[ReportEntry]
    totals: Mapping[str, int]
    masked: Mapping[str, int]
    ignored: int
    problems: Sequence[FolderProblem]
    more: bool


@dataclass(frozen=True, slots=True)
class _Findings:
    """All entries with their totals, when they were found, and the last job before that; `held` are the folders that
    the index holds files of."""

    entries: Sequence[ReportEntry]
    totals: Mapping[str, int]
    masked: Mapping[str, int]
    ignored: int
    oversized: Sequence[FolderProblem]
    found_at: float
    last_job: Job | None
    held: frozenset[str]


class ReportService:
    """The report, made of the folders and the manifest; no file is read."""

    def __init__(self, store: ReadStore, jobs: JobStore, folders: IndexedFolders) -> None:
        self._store = store
        self._jobs = jobs
        self._folders = folders
        self._latest: _Findings | None = None

    async def report(self, after: str, limit: int, max_age: float) -> Report:
        """Return at most `limit` entries whose path comes after `after`, at most `max_age` seconds old.

        What was found before the state of the last job changed is not used again. The problems are those of now.
        """
        last_job = next(iter(await self._jobs.list_newest(None, 1)), None)
        findings = self._latest
        if findings is None or findings.last_job != last_job or time.monotonic() - findings.found_at >= max_age:
            findings = self._latest = await self._find(last_job)
        return _page(findings, after, limit, [*await self._problems(findings.held), *findings.oversized])

    async def _problems(self, held: frozenset[str]) -> Sequence[FolderProblem]:
        tree = await self._folders.tree()
        return [*tree.problems, *map(why_kept, sorted(await asyncio.to_thread(emptied_folders, tree, held)))]

    async def _find(self, last_job: Job | None) -> _Findings:
        found_at = time.monotonic()
        tree, manifest = await asyncio.gather(
            self._folders.tree(), self._store.read(lambda view: view.search.list_files())
        )
        found = await asyncio.to_thread(tree.walk)
        return await asyncio.to_thread(_findings, found, manifest, found_at, last_job)


def _findings(
    found: WalkResult, manifest: Mapping[str, FileRecord], found_at: float, last_job: Job | None
) -> _Findings:
    entries = sorted((*_by_walk(found), *_by_manifest(found, manifest)), key=attrgetter("path"))
    masked: Counter[str] = Counter()
    for entry in entries:
        masked.update(entry.masked)
    totals = Counter(entry.reason for entry in entries)
    totals.update(masked=sum(entry.reason != "masked" for entry in entries if entry.masked))
    ignored = sum(found.skipped.get(reason, 0) for reason in ("ignored", "filtered"))
    held = folders_held(manifest.values())
    named = {reason: number for reason, number in totals.items() if number}
    return _Findings(entries, named, dict(masked), ignored, found.oversized, found_at, last_job, held)


def _page(findings: _Findings, after: str, limit: int, problems: Sequence[FolderProblem]) -> Report:
    entries = findings.entries
    first = bisect_right(entries, after, key=attrgetter("path")) if after else 0
    page, more = entries[first : first + limit], first + limit < len(entries)
    return Report(page, findings.totals, findings.masked, findings.ignored, problems, more)


def _by_walk(found: WalkResult) -> Iterator[ReportEntry]:
    for left in found.left_out:
        reason = "secret_name" if left.reason == "secret" else left.reason
        yield ReportEntry(shown(left.path), reason, shown(left.detail), {})


def _by_manifest(found: WalkResult, manifest: Mapping[str, FileRecord]) -> Iterator[ReportEntry]:
    for entry in found.files:
        record = manifest.get(entry.path)
        if record is None:
            yield ReportEntry(entry.path, "not_indexed", "not read yet, or it could not be read", {})
        elif record.note.startswith(LEFT_OUT_NOTE):
            reason, detail = left_out_because(record)
            yield ReportEntry(entry.path, "secret_content" if reason == "secret" else reason, detail, {})
        elif entry_of := _of_indexed(record):
            yield entry_of


def _of_indexed(record: FileRecord) -> ReportEntry | None:
    """Return what is to be said of an indexed file: what of it is not indexed, and what is masked."""
    kinds, missing = masked_kinds(record.note), missing_parts(record.note)
    if missing:
        return ReportEntry(record.path, "partial" if record.chunk_count else "unparsable", missing, kinds)
    return ReportEntry(record.path, "masked", "", kinds) if kinds else None


def shown(path: str) -> str:
    """Return a path for people: without the tokens in it, and what is not UTF-8 as escapes."""
    return mask_text(path.encode("utf-8", "backslashreplace").decode("utf-8")).text
