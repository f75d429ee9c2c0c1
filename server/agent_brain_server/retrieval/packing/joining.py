"""Joins passages of a file whose lines touch: an answer then shows one stretch of text under one citation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from agent_brain_server.retrieval.packing.pack import RankedPassage

MOST_BLANK_LINES = 2
Line = tuple[str, int]


def lines_between(found: Sequence[RankedPassage]) -> set[Line]:
    """The lines, by path and number, that must be blank for passages of `found` to touch."""
    return {
        line
        for run in _runs(found)
        for _, gap in _with_gaps(found, run)
        if len(gap) <= MOST_BLANK_LINES
        for line in gap
    }


def join_neighbours(found: Sequence[RankedPassage], blank: Collection[Line]) -> list[RankedPassage]:
    """`found` with passages that touch, with nothing but `blank` lines between, made one at the better one's place.

    A joined passage keeps the id, name and kind of the best one in it; lines that two of them show stand there once.
    """
    groups = [group for run in _runs(found) for group in _split(found, run, blank)]
    return [_joined([found[at] for at in group], found[min(group)]) for group in sorted(groups, key=min)]


def _runs(found: Sequence[RankedPassage]) -> list[list[int]]:
    """The passages by file in the order of their lines; what may not be whole lines of its file stays apart."""
    runs: dict[str, list[int]] = {}
    for at, item in enumerate(found):
        verbatim = 0 < item.chunk.end_line - item.chunk.start_line == item.chunk.text.count("\n")
        runs.setdefault(item.chunk.path if verbatim else f"\0{at}", []).append(at)
    return [sorted(run, key=lambda at: (found[at].chunk.start_line, at)) for run in runs.values()]


def _with_gaps(found: Sequence[RankedPassage], run: Sequence[int]) -> Iterator[tuple[int, list[Line]]]:
    """Each passage of a run with the lines that are between it and all before it."""
    end = 0
    for at in run:
        chunk = found[at].chunk
        yield at, [(chunk.path, line) for line in range((end or chunk.start_line - 1) + 1, chunk.start_line)]
        end = max(end, chunk.end_line)


def _split(found: Sequence[RankedPassage], run: Sequence[int], blank: Collection[Line]) -> Iterator[list[int]]:
    group: list[int] = []
    for at, gap in _with_gaps(found, run):
        if group and (len(gap) > MOST_BLANK_LINES or any(line not in blank for line in gap)):
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def _joined(items: Sequence[RankedPassage], best: RankedPassage) -> RankedPassage:
    if len(items) == 1:
        return best
    lines: dict[int, str] = {}
    for item in items:
        lines.update(enumerate(item.chunk.text.split("\n"), item.chunk.start_line))
    first, last = min(lines), max(lines)
    text = "\n".join(lines.get(line, "") for line in range(first, last + 1))
    return replace(best, chunk=best.chunk._replace(start_line=first, end_line=last, text=text))
