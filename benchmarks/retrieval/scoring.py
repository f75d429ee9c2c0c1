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


def passage_gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
    """Return NDCG@10 where a result gains 1 if it shares a line with an answer that no result above it has shown."""
    return _ndcg(results, answers, Span.overlaps)


def file_gain(results: Sequence[Passage], answers: Sequence[Span]) -> float:
    """Return NDCG@10 where a result gains 1 if it is of a file with an answer that no result above it is of."""
    files = {answer.path: answer for answer in answers}
    return _ndcg(results, list(files.values()), lambda result, answer: result.path == answer.path)


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
