"""Fusion: one ranking out of several whose scores have different scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.search import Hit, StageTrace


@dataclass(frozen=True, slots=True)
class Ranked:
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
        for rank, hit in enumerate(hits, start=1):
            row = hit.row
            shares[row] = shares.get(row, 0.0) + scale * max(hit.score, 0.0)
            best[row] = min(best.get(row, rank), rank)
    order = sorted(shares, key=lambda row: (-shares[row], best[row], row))[:limit]
    traces = {row: StageTrace() for row in order}
    for arm, hits in arms.items():
        for rank, hit in enumerate(hits, start=1):
            if (trace := traces.get(hit.row)) is not None:
                trace.ranks[arm] = rank
                trace.scores[arm] = hit.score
    return [Ranked(row, shares[row], traces[row]) for row in order]


def single(arm: str, hits: Sequence[Hit]) -> list[Ranked]:
    """One arm's ranking as it is, with its own scores."""
    return [Ranked(hit.row, hit.score, StageTrace({arm: rank}, {arm: hit.score})) for rank, hit in enumerate(hits, 1)]
