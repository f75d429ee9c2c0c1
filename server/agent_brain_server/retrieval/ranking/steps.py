"""From what the retrievers found to one ranking: a fused score, then a few named steps that each multiply it.

A step is a pure function of the question, the candidates and their scores so far; it knows no project. docs/search.md
names the steps in the same words, each with what it is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import exp, log

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import Hit, StageTrace
from agent_brain_server.retrieval.ranking.fusion import Ranked, fuse
from agent_brain_server.retrieval.ranking.query import Query, Shape, name_words
from agent_brain_server.retrieval.ranking.roles import Role, role_of_text

Step = Callable[[Query, Sequence[Chunk], Sequence[float]], list[float]]
"""A factor for each candidate, 1.0 for no opinion; `scores` are those before the step."""

# Chosen on the development half of benchmarks/retrieval.
VECTOR_WEIGHTS: Mapping[Shape, float] = {"name": 0.5, "words": 0.7, "sentence": 0.5}
GRAPH_WEIGHT = 0.15
COVERAGE = 0.6
DEFINITION = 0.5
NAMED = 0.15
FILE_NAMED = 1.0
WITHOUT_NAME = 0.9
SCRAP = 0.7
SCRAP_LINES = 3
COHERENCE = 0.3
REPETITION = 0.7
ROLES: Mapping[Role, float] = {
    "source": 1.0,
    "test": 0.3,
    "example": 0.4,
    "document": 0.9,
    "history": 0.6,
    "generated": 0.6,
    "vendored": 0.7,
    "declaration": 0.5,
}


def fused(query: Query, retrieved: Mapping[str, Sequence[Hit]], most: int | None = None) -> list[Ranked]:
    """Fuse the hits of all retrievers into one ranking of `most` chunks; the weight of vectors depends on the shape."""
    share = VECTOR_WEIGHTS[query.shape]
    weights = {"bm25": 1 - share, "vector": share, "graph": GRAPH_WEIGHT}
    return fuse(retrieved, {retriever: weights[retriever] for retriever in retrieved}, most)


def rank(
    query: Query, ranked: Sequence[Ranked], chunks: Mapping[int, Chunk], steps: Mapping[str, Step]
) -> Iterator[Ranked]:
    """Yield the candidates in the order after all `steps`, with each factor in the trace by step.

    The product of the factors has no upper bound; what is shown as score is 1 - exp(-product), in the same order.
    """
    candidates = [item for item in ranked if item.row in chunks]
    texts = [chunks[item.row] for item in candidates]
    scores = [item.score for item in candidates]
    factors: dict[str, list[float]] = {}
    for name, step in steps.items():
        factors[name] = step(query, texts, scores)
        scores = [score * factor for score, factor in zip(scores, factors[name], strict=True)]
    for at in sorted(range(len(scores)), key=lambda at: -scores[at]):
        item = candidates[at]
        applied = {name: found[at] for name, found in factors.items() if found[at] != 1.0}
        yield Ranked(item.row, 1 - exp(-scores[at]), StageTrace(item.trace.ranks, {**item.trace.scores, **applied}))


def coverage(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Boost what holds more of the question's words, the rare ones most."""
    words = [word.removesuffix("y") for word in query.words if len(word) > 2]  # `retry` is in `retries` too
    texts = [f"{chunk.path}\n{chunk.symbol}\n{chunk.text}".lower() for chunk in chunks]
    held = [[word in text for text in texts] for word in words]
    rarities = [log(1 + (len(chunks) - sum(has) + 0.5) / (sum(has) + 0.5)) if any(has) else 0.0 for has in held]
    total = sum(rarities) or 1.0
    shares = [0.0] * len(chunks)
    for rarity, has in zip(rarities, held, strict=True):
        shares = [share + rarity * holds for share, holds in zip(shares, has, strict=True)]
    return [1 + COVERAGE * share / total for share in shares]


def definition(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Boost what defines a name in the question over what uses it."""
    if not query.names:
        return [1.0] * len(chunks)
    return [1 + DEFINITION * _defines(query, chunk) for chunk in chunks]


def _defines(query: Query, chunk: Chunk) -> float:
    """Return 1 for a symbol of the whole qualified name, less where only its last part is the same."""
    if not chunk.symbol or chunk.kind == "block":
        return 0.0
    parts = tuple("".join(filter(str.isalnum, part)).lower() for part in chunk.symbol.split("."))
    if any(parts[-len(name) :] == name for name in query.names):
        return 1.0
    return 0.6 if any(parts[-1] == name[-1] for name in query.names) else 0.0


def named(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Boost a symbol by the share of the words of its name that are in the question."""
    return [1 + NAMED * _said(query, chunk.symbol.rpartition(".")[2]) for chunk in chunks]


def _said(query: Query, name: str) -> float:
    """Return the share of a name's words that are in the question, less for a single word."""
    words = name_words(name)
    if not words:
        return 0.0
    said = len(words & query.words)
    return said / len(words) * min(1.0, 0.5 + said / 4)


def path(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Boost a file that the question names."""
    if not query.files:
        return [1.0] * len(chunks)
    return [1 + FILE_NAMED * _is_asked_for(query, f"/{chunk.path.lower()}") for chunk in chunks]


def _is_asked_for(query: Query, file: str) -> bool:
    return any(f"/{asked}" in file if asked.endswith("/") else file.endswith(f"/{asked}") for asked in query.files)


def role(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Lower tests, examples, documents, generated and vendored code, unless the question asks for them."""
    return [_role_factor(query, chunk) for chunk in chunks]


def _role_factor(query: Query, chunk: Chunk) -> float:
    found = role_of_text(chunk.path, chunk.text)
    return 1.0 if found in query.wants else ROLES[found]


def whole(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Lower lines without a name, and passages of very few lines."""
    return [
        (WITHOUT_NAME if chunk.kind == "block" else 1.0)
        * (SCRAP if chunk.end_line - chunk.start_line < SCRAP_LINES else 1.0)
        for chunk in chunks
    ]


def coherence(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Boost all passages of a file by the sum of their scores."""
    totals: dict[str, float] = {}
    for chunk, score in zip(chunks, scores, strict=True):
        totals[chunk.path] = totals.get(chunk.path, 0.0) + score
    most = max(totals.values(), default=0.0) or 1.0
    return [1 + COHERENCE * totals[chunk.path] / most for chunk in chunks]


def repetition(query: Query, chunks: Sequence[Chunk], scores: Sequence[float]) -> list[float]:
    """Lower each further passage of a file a little, so that an answer shows more than one file."""
    seen: Counter[str] = Counter()
    factors = [1.0] * len(chunks)
    for at in sorted(range(len(chunks)), key=lambda at: -scores[at]):
        factors[at] = REPETITION ** seen[chunks[at].path]
        seen[chunks[at].path] += 1
    return factors


STEPS: Mapping[str, Step] = {
    "coverage": coverage,
    "definition": definition,
    "named": named,
    "path": path,
    "role": role,
    "whole": whole,
    "coherence": coherence,
    "repetition": repetition,
}
