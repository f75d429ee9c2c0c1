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
    retrieved: Mapping[str, Sequence[Hit]], weights: Mapping[str, float] | None = None, limit: int | None = None
) -> list[Ranked]:
    """Return the best `limit` by the weighted mean of the scores, each a share of its retriever's best score.

    1.0 is first in all of them. A convex combination of scores scaled by their maximum keeps how far apart a retriever
    ranks two chunks, which reciprocal ranks lose (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid
    retrieval", 2023). Ties are broken by the best single rank, then by row.
    """
    weights = weights or dict.fromkeys(retrieved, 1.0)
    total = sum(weights[retriever] for retriever in retrieved) or 1.0
    shares: dict[int, float] = {}
    best: dict[int, int] = {}
    for retriever, hits in retrieved.items():
        scale = weights[retriever] / total / (hits[0].score if hits and hits[0].score > 0 else 1.0)
        for rank, (row, score) in enumerate(hits, start=1):
            shares[row] = shares.get(row, 0.0) + scale * max(score, 0.0)
            if best.get(row, rank) >= rank:
                best[row] = rank
    order = sorted(sorted(shares), key=best.__getitem__)
    order = sorted(order, key=shares.__getitem__, reverse=True)[:limit]
    traces = _traces(retrieved, order)
    return [Ranked(row, shares[row], traces[row]) for row in order]


def _traces(retrieved: Mapping[str, Sequence[Hit]], rows: Sequence[int]) -> Mapping[int, StageTrace]:
    traces = {row: StageTrace({}, {}) for row in rows}
    for retriever, hits in retrieved.items():
        for rank, (row, score) in enumerate(hits, start=1):
            if row in traces:
                ranks, scores = traces[row]
                ranks[retriever], scores[retriever] = rank, score
    return traces


def single(retriever: str, hits: Sequence[Hit]) -> list[Ranked]:
    """Return one retriever's ranking as it is, with its own scores."""
    return [
        Ranked(hit.row, hit.score, StageTrace({retriever: rank}, {retriever: hit.score}))
        for rank, hit in enumerate(hits, start=1)
    ]
