"""What a job has to do."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.content import FileRecord
from agent_brain_server.indexing.walking.changes import BATCH_BYTES, BATCH_FILES, compare, in_batches, within
from agent_brain_server.indexing.walking.walk_result import FileEntry

SECOND = 1_000_000_000


def entry(path: str, size: int = 10, mtime_ns: int = SECOND) -> FileEntry:
    return FileEntry(path, f"/root/{path}", ".", size, mtime_ns)


def record(path: str, size: int = 10, mtime_ns: int = SECOND, indexed_at: float = 100.0) -> FileRecord:
    return FileRecord(path, ".", "hash", size, mtime_ns, "python", 1, "", indexed_at)


def test_new_changed_unchanged_and_removed_are_told_apart() -> None:
    manifest = {path: record(path) for path in ("same", "grown", "touched", "gone")}
    found = [entry("same"), entry("grown", size=11), entry("touched", mtime_ns=2 * SECOND), entry("new")]
    changes = compare(found, manifest, force=False)
    assert [item.path for item in changes.to_read] == ["grown", "touched", "new"]
    assert changes.removed == ("gone",)
    assert changes.unchanged == 1


def test_force_reads_everything() -> None:
    assert len(compare([entry("same")], {"same": record("same")}, force=True).to_read) == 1


def test_a_file_saved_in_the_tick_of_its_reading_is_read_again() -> None:
    fresh = replace(record("same"), indexed_at=1.5)
    assert len(compare([entry("same")], {"same": fresh}, force=False).to_read) == 1


def test_a_file_that_moved_to_another_folder_is_read_again() -> None:
    moved = replace(record("same"), folder="sub")
    assert len(compare([entry("same")], {"same": moved}, force=False).to_read) == 1


@given(st.lists(st.integers(0, 2 * BATCH_BYTES)))
def test_batches_are_bounded_and_lose_nothing(sizes: list[int]) -> None:
    entries = [entry(str(number), size) for number, size in enumerate(sizes)]
    made = list(in_batches(entries))
    assert [item for batch in made for item in batch] == entries
    for batch in made:
        assert 1 <= len(batch) <= BATCH_FILES
        assert len(batch) == 1 or sum(item.size for item in batch) <= BATCH_BYTES


def test_within_is_by_whole_names() -> None:
    assert within("a/b.py", "a")
    assert within("a", "a")
    assert within("a/b.py", ".")
    assert not within("ab/c.py", "a")
    assert not within("/elsewhere/c.py", ".")
