"""Ranking by plain loops: BM25 over weighted fields, and cosine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log

from agent_brain_server.domain.content import Chunk, FloatArray, PreparedChunk, Terms
from agent_brain_server.domain.hits import Hit
from agent_brain_server.storage import lexical

SATURATION = 1.2
LENGTH_NORMALISATION = 0.75


def rank_by_terms(chunks: Mapping[int, PreparedChunk], terms: list[str], allows: Callable[[Chunk], bool]) -> list[Hit]:
    """Rank the allowed chunks that hold any of `terms` by BM25 (Robertson and Zaragoza 2009), ties by row."""
    if not chunks:
        return []
    counts = {row: _weighted_counts(held.terms) for row, held in chunks.items()}
    lengths = {row: sum(count.values()) for row, count in counts.items()}
    average = sum(lengths.values()) / len(lengths) or 1.0
    scores: dict[int, float] = {}
    for term in terms:
        holding = [row for row, count in counts.items() if term in count]
        rarity = log(1 + (len(chunks) - len(holding) + 0.5) / (len(holding) + 0.5))
        for row in holding:
            tf = counts[row][term]
            norm = SATURATION * (1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * lengths[row] / average)
            scores[row] = scores.get(row, 0.0) + rarity * tf * (SATURATION + 1) / (tf + norm)
    hits = [Hit(row, score) for row, score in scores.items() if allows(chunks[row].chunk)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.row))


def _weighted_counts(terms: Terms) -> dict[str, float]:
    fields = (
        (terms.symbol, lexical.SYMBOL_WEIGHT),
        (terms.path, lexical.PATH_WEIGHT),
        (terms.documentation, lexical.DOCUMENTATION_WEIGHT),
        (terms.body, lexical.BODY_WEIGHT),
    )
    counts: dict[str, float] = {}
    for text, weight in fields:
        for term in text.split():
            counts[term] = counts.get(term, 0.0) + weight
    return counts


def rank_by_cosine(vectors: Mapping[int, FloatArray], wanted: FloatArray) -> list[Hit]:
    """Rank all rows by the dot product of unit vectors in double precision, best first, ties by row."""
    precise = wanted.astype("float64")
    hits = [Hit(row, float((vector.astype("float64") * precise).sum())) for row, vector in vectors.items()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.row))
