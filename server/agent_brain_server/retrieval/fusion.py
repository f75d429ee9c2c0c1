"""Rank fusion: one ranking out of several whose scores cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent_brain_server.domain.search import Hit, StageTrace

# The constant of Cormack, Clarke and Büttcher, "Reciprocal rank fusion" (SIGIR 2009).
RANK_CONSTANT = 60


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk row with its final score (higher is better) and how each arm saw it."""

    row: int
    score: float
    trace: StageTrace


def fuse(arms: Mapping[str, Sequence[Hit]], weights: Mapping[str, float] | None = None) -> list[Ranked]:
    """Reciprocal rank fusion: the weighted mean over the arms of (1 + c) / (rank + c); 1.0 is first in all arms.

    Equal scores are ordered by the best single rank, then by row.
    """
    weights = weights or dict.fromkeys(arms, 1.0)
    total = sum(weights[arm] for arm in arms) or 1.0
    ranks: dict[int, dict[str, int]] = {}
    scores: dict[int, dict[str, float]] = {}
    for arm, hits in arms.items():
        for rank, hit in enumerate(hits, start=1):
            ranks.setdefault(hit.row, {})[arm] = rank
            scores.setdefault(hit.row, {})[arm] = hit.score
    fused = [
        Ranked(
            row,
            sum(weights[arm] * (1 + RANK_CONSTANT) / (rank + RANK_CONSTANT) for arm, rank in by_arm.items()) / total,
            StageTrace(by_arm, scores[row]),
        )
        for row, by_arm in ranks.items()
    ]
    return sorted(fused, key=lambda item: (-item.score, min(item.trace.ranks.values()), item.row))


def single(arm: str, hits: Sequence[Hit]) -> list[Ranked]:
    """One arm's ranking as it is, with its own scores."""
    return [Ranked(hit.row, hit.score, StageTrace({arm: rank}, {arm: hit.score})) for rank, hit in enumerate(hits, 1)]
