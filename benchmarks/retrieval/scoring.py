"""What an answer is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.retrieval.questions import Span

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Passage:
    """One result: where it is and how many tokens it takes to read it."""

    span: Span
    tokens: int


Gain = Callable[[Sequence[Passage], Sequence[Span]], float]
"""What the results of one question are worth, given its answers."""


def passage_gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
    """Return NDCG@10 where a result gains 1 if it shares a line with an answer that no result above it has shown."""
    return _ndcg(results, answers, Span.overlaps)


def file_gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
    """Return NDCG@10 where a result gains 1 if it is of a file with an answer that no result above it is of."""
    files = {answer.path: answer for answer in answers}
    return _ndcg(results, list(files.values()), lambda result, answer: result.path == answer.path)


def file_recall(results: Sequence[Passage], answers: Sequence[Span]) -> float:
    """Return the share of the files with an answer, of at most ten, that are among the first ten results' files."""
    wanted = {answer.path for answer in answers}
    shown = {result.span.path for result in results[:DEPTH]}
    return len(wanted & shown) / min(len(wanted), DEPTH)


def file_found(depth: int) -> Gain:
    """Return a gain that is 1 where one of the first `depth` different files has an answer, else 0."""

    def gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
        files = list(dict.fromkeys(result.span.path for result in results))[:depth]
        return float(any(answer.path in files for answer in answers))

    return gain


def passage_found(depth: int) -> Gain:
    """Return a gain that is 1 where one of the first `depth` results shares a line with an answer, else 0."""

    def gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
        return float(any(result.span.overlaps(answer) for result in results[:depth] for answer in answers))

    return gain


def tokens_to_first(results: Sequence[Passage], answers: Sequence[Span]) -> int | None:
    """Return the tokens to read from the top to the first answer, None if it is not among the first ten."""
    read = 0
    for result in results[:DEPTH]:
        read += result.tokens
        if any(result.span.overlaps(answer) for answer in answers):
            return read
    return None


def _ndcg(results: Sequence[Passage], answers: Sequence[Span], same: Callable[[Span, Span], bool]) -> float:
    """Return NDCG (Järvelin and Kekäläinen, 2002), gains 0 and 1; a result with several new answers gains once."""
    left = list(answers)
    gained = 0.0
    for rank, result in enumerate(results[:DEPTH], 1):
        shown = [answer for answer in left if same(result.span, answer)]
        if shown:
            gained += 1 / math.log2(rank + 1)
            left = [answer for answer in left if answer not in shown]
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(answers), DEPTH) + 1))
    return gained / best
