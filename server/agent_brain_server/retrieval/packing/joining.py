"""Join passages of a file whose lines touch: an answer then has one passage with one citation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate

from agent_brain_server.retrieval.packing.pack import RankedPassage

MOST_BLANK_LINES = 2
Line = tuple[str, int]


def lines_between(passages: Sequence[RankedPassage]) -> set[Line]:
    """Return the lines, by path and number, that must be blank for `passages` to touch."""
    return {
        (passages[at].chunk.path, line)
        for run in _runs(passages)
        for at, gap in zip(run, _gaps(passages, run), strict=True)
        if len(gap) <= MOST_BLANK_LINES
        for line in gap
    }


def join_neighbours(passages: Sequence[RankedPassage], blank: Collection[Line]) -> list[RankedPassage]:
    """Join the passages that touch, with nothing but `blank` lines between them, at the rank of the best of them.

    A joined passage keeps the id, name and kind of the best one in it; lines that two of them hold are in it once.
    """
    groups = [group for run in _runs(passages) for group in _groups(passages, run, blank)]
    return [_joined([passages[at] for at in group], passages[min(group)]) for group in sorted(groups, key=min)]


def _runs(passages: Sequence[RankedPassage]) -> list[list[int]]:
    """Return the passages by file, in the order of their lines; what may not be whole lines is a run of its own."""
    runs: dict[str, list[int]] = {}
    for at, item in enumerate(passages):
        verbatim = 0 < item.chunk.end_line - item.chunk.start_line == item.chunk.text.count("\n")
        runs.setdefault(item.chunk.path if verbatim else f"\0{at}", []).append(at)
    return [sorted(run, key=lambda at: (passages[at].chunk.start_line, at)) for run in runs.values()]


def _gaps(passages: Sequence[RankedPassage], run: Sequence[int]) -> list[range]:
    """Return for each passage of a run the lines between it and all before it: none for the first."""
    chunks = [passages[at].chunk for at in run]
    ends = accumulate((chunk.end_line for chunk in chunks), max)
    return [range(0), *(range(end + 1, chunk.start_line) for end, chunk in zip(ends, chunks[1:], strict=False))]


def _groups(passages: Sequence[RankedPassage], run: Sequence[int], blank: Collection[Line]) -> list[list[int]]:
    """Return the passages of a run in groups that touch."""
    groups: list[list[int]] = []
    for at, gap in zip(run, _gaps(passages, run), strict=True):
        touches = len(gap) <= MOST_BLANK_LINES and all((passages[at].chunk.path, line) in blank for line in gap)
        if groups and touches:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups


def _joined(items: Sequence[RankedPassage], best: RankedPassage) -> RankedPassage:
    if len(items) == 1:
        return best
    lines: dict[int, str] = {}
    for item in items:
        lines.update(enumerate(item.chunk.text.split("\n"), item.chunk.start_line))
    first, last = min(lines), max(lines)
    text = "\n".join(lines.get(line, "") for line in range(first, last + 1))
    return replace(best, chunk=best.chunk._replace(start_line=first, end_line=last, text=text))
