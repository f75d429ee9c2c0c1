"""What is not in the index, and where secrets were masked in what is: from the manifest and a walk of the folders."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from agent_brain_server.domain.content import FileRecord
from agent_brain_server.indexing.secrets import mask_text, masked_kinds
from agent_brain_server.indexing.walk import FileTree, WalkLimits, WalkResult
from agent_brain_server.services.index_run import LEFT_OUT_NOTE, left_out_because
from agent_brain_server.storage.protocol import Store


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """A file, or with a `/` at its end a directory. `masked` counts the masked places by kind, where it is indexed."""

    path: str
    reason: str
    detail: str
    masked: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One page in the order of the paths, and the totals over all of them. `more`: there are further pages."""

    entries: Sequence[ReportEntry]
    totals: Mapping[str, int]
    masked: Mapping[str, int]
    ignored: int
    more: bool


class ReportService:
    """Looks at the folders as they are now; nothing is read."""

    def __init__(self, store: Store, root: Path, limits: WalkLimits) -> None:
        self._store = store
        self._root = root
        self._limits = limits

    async def report(self, after: str, limit: int) -> Report:
        """At most `limit` entries whose path comes after `after`."""
        folders, manifest = await asyncio.gather(self._store.list_folders(), self._store.list_files())
        found = await asyncio.to_thread(FileTree(self._root, folders, self._limits).walk)
        return await asyncio.to_thread(_report, found, manifest, after, limit)


def _report(found: WalkResult, manifest: Mapping[str, FileRecord], after: str, limit: int) -> Report:
    entries = sorted((*_by_walk(found), *_by_manifest(found, manifest)), key=attrgetter("path"))
    masked: Counter[str] = Counter()
    for entry in entries:
        masked.update(entry.masked)
    first = bisect_right(entries, after, key=attrgetter("path")) if after else 0
    page = entries[first : first + limit]
    totals = Counter(entry.reason for entry in entries)
    ignored = sum(found.skipped.get(reason, 0) for reason in ("ignored", "filtered"))
    return Report(page, dict(totals), dict(masked), ignored, first + limit < len(entries))


def _by_walk(found: WalkResult) -> Iterator[ReportEntry]:
    for left in found.left_out:
        reason = "secret_name" if left.reason == "secret" else left.reason
        yield ReportEntry(shown(left.path), reason, "", {})


def _by_manifest(found: WalkResult, manifest: Mapping[str, FileRecord]) -> Iterator[ReportEntry]:
    for entry in found.files:
        record = manifest.get(entry.path)
        if record is None:
            yield ReportEntry(entry.path, "not_indexed", "not read yet, or it could not be read", {})
        elif record.note.startswith(LEFT_OUT_NOTE):
            reason, detail = left_out_because(record)
            yield ReportEntry(entry.path, "secret_content" if reason == "secret" else reason, detail, {})
        elif kinds := masked_kinds(record.note):
            yield ReportEntry(entry.path, "masked", "", kinds)


def shown(path: str) -> str:
    """A path for people: without the tokens in it, and what is not UTF-8 as escapes."""
    return mask_text(path.encode("utf-8", "backslashreplace").decode("utf-8")).text
