"""Fusion: one ranking out of several whose scores have different scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent_brain_server.domain.hits import Hit, StageTrace


class Ranked(NamedTuple):
    """A chunk row with its final score (higher is better) and how each stage saw it."""

    row: int
    score: float
    trace: StageTrace


def fuse(
    arms: Mapping[str, Sequence[Hit]], weights: Mapping[str, float] | None = None, limit: int | None = None
) -> list[Ranked]:
    """The weighted mean over the arms of each score's share of its arm's best; 1.0 is first in all arms.

    A convex combination of scores scaled by their maximum keeps how far apart an arm sees two chunks, which ranks lose
    (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval", 2023). Equal scores are ordered by
    the best single rank, then by row; the best `limit` are given.
    """
    weights = weights or dict.fromkeys(arms, 1.0)
    total = sum(weights[arm] for arm in arms) or 1.0
    shares: dict[int, float] = {}
    best: dict[int, int] = {}
    for arm, hits in arms.items():
        scale = weights[arm] / total / (hits[0].score if hits and hits[0].score > 0 else 1.0)
        for rank, (row, score) in enumerate(hits, start=1):
            shares[row] = shares.get(row, 0.0) + scale * max(score, 0.0)
            if best.get(row, rank) >= rank:
                best[row] = rank
    order = sorted(sorted(shares), key=best.__getitem__)
    order = sorted(order, key=shares.__getitem__, reverse=True)[:limit]
    traces = _traces(arms, order)
    return [Ranked(row, shares[row], traces[row]) for row in order]


def _traces(arms: Mapping[str, Sequence[Hit]], rows: Sequence[int]) -> Mapping[int, StageTrace]:
    traces = {row: StageTrace({}, {}) for row in rows}
    for arm, hits in arms.items():
        for rank, (row, score) in enumerate(hits, start=1):
            if row in traces:
                ranks, scores = traces[row]
                ranks[arm], scores[arm] = rank, score
    return traces


def single(arm: str, hits: Sequence[Hit]) -> list[Ranked]:
    """One arm's ranking as it is, with its own scores."""
    return [Ranked(hit.row, hit.score, StageTrace({arm: rank}, {arm: hit.score})) for rank, hit in enumerate(hits, 1)]
