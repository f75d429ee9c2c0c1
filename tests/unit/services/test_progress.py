"""Progress shows what is done and estimates only what is left."""

from __future__ import annotations

from agent_brain_server.domain.jobs import Progress
from agent_brain_server.indexing.reading.prepare import PreparedFile
from agent_brain_server.indexing.walking.changes import Changes
from agent_brain_server.indexing.walking.walk_result import FileEntry, WalkResult
from agent_brain_server.services.indexing.progress import ProgressMeter


def entry(path: str) -> FileEntry:
    return FileEntry(path, f"/{path}", ".", 100, 1)


def test_rate_and_time_left_follow_the_bytes() -> None:
    now = [0.0]
    seen: list[Progress] = []
    meter = ProgressMeter(seen.append, clock=lambda: now[0])
    entries = tuple(entry(str(number)) for number in range(4))
    meter.start(Changes(entries, (), unchanged=6), WalkResult(entries, {"ignored": 2}, ()))
    assert (seen[-1].files_done, seen[-1].files_total, seen[-1].current_file) == (6, 10, "0")
    now[0] = 2.0
    meter.add([PreparedFile(entries[0], "indexed"), PreparedFile(entries[1], "unreadable", note="gone")], 0)
    assert seen[-1].files_done == 8
    assert seen[-1].eta_seconds == 2.0
    assert seen[-1].files_failed == 1
    assert seen[-1].skipped == {"ignored": 2, "unreadable": 1}
    assert seen[-1].problems == ("1: gone",)
    final = meter.finish()
    assert (final.eta_seconds, final.current_file) == (0.0, "")
