"""The lines that a change replaces, and where these are in another version of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class Hunk(NamedTuple):
    """A change without context: `old_count` lines from `old` become `new_count` from `new`, 1-based.

    As in a unified diff, a side without lines is after its line: `old` 7 with no lines is between 7 and 8.
    """

    old: int
    old_count: int
    new: int
    new_count: int

    def lines(self, last: int) -> tuple[int, int]:
        """Return the old lines, both ends inclusive; the two around an insertion. `last` is the file's last line."""
        if self.old_count:
            return self.old, self.old + self.old_count - 1
        return max(self.old, 1), min(self.old + 1, last)


def read_hunks(diff: str) -> list[Hunk]:
    """Return the hunks of one file's unified diff without context."""
    return [
        Hunk(int(old), int(old_count or 1), int(new), int(new_count or 1))
        for old, old_count, new, new_count in _HUNK.findall(diff)
    ]


def mapped(first: int, last: int, hunks: Sequence[Hunk]) -> tuple[int, int] | None:
    """Return where the lines `first` to `last` of the new side are on the old one, None if they are not all there."""
    moved = 0
    for hunk in hunks:
        before = hunk.new - 1 if hunk.new_count else hunk.new
        after = before + hunk.new_count + 1
        if last <= before:
            break
        if first < after:  # it changes the lines, or takes some from between them
            return None
        moved += hunk.old_count - hunk.new_count
    return first + moved, last + moved


def joined(ranges: Iterable[tuple[int, int]], gap: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges in order, those with at most `gap` lines between them as one."""
    current: tuple[int, int] | None = None
    for first, last in sorted(ranges):
        if current and first <= current[1] + gap + 1:
            current = current[0], max(current[1], last)
            continue
        if current:
            yield current
        current = first, last
    if current:
        yield current
