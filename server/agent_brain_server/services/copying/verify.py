"""The verification that two backends hold the same index: their tables, and their answers to the same questions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.domain.hits import Hit
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.services.copying.copy import Comparison, Progress, digest_tables
from agent_brain_server.storage.tables import CHUNKS, VECTORS
from agent_brain_server.storage.transfer import CopyEndpoint, Snapshot

LIMIT = 10
SAMPLES = 16
# Backends add the same numbers in another order.
TOLERANCE = 1e-4

Embed = Callable[[Sequence[str]], Awaitable[Sequence[FloatArray]]]


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions that both sides are asked: texts by their terms, and vectors, each with a name for people."""

    texts: Sequence[str]
    vectors: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a comparison. `differences` are sentences; there are none between an index and its copy."""

    tables: Comparison
    texts: int
    vectors: int
    differences: Sequence[str]


async def verify(
    source: CopyEndpoint,
    target: CopyEndpoint,
    progress: Progress,
    texts: Sequence[str] | None = None,
    embed: Embed | None = None,
) -> Verdict:
    """Compare all rows, then the answers to `texts`, or to questions made of the source itself.

    The vectors of `texts` come from `embed`; without it they are asked by their words only.
    """
    async with source.reading() as one, target.reading() as other:
        tables = Comparison(await digest_tables(one, progress), await digest_tables(other, progress))
        questions = await _sampled(one) if texts is None else await _given(one, texts, embed)
        differences = [f"The tables differ: {', '.join(tables.differing())}."] if tables.differing() else []
        for text in questions.texts:
            terms = query_terms(text)
            hits = [await side.search_lexical(terms, LIMIT) for side in (one, other)]
            if not same_answers(*hits):
                differences.append(f"The question {text!r} is answered with other passages (bm25).")
        for name, vector in questions.vectors.items():
            hits = [await side.search_vector(vector, LIMIT) for side in (one, other)]
            if not same_answers(*hits):
                differences.append(f"The question {name!r} is answered with other passages (vector).")
    return Verdict(tables, len(questions.texts), len(questions.vectors), differences)


async def _given(snapshot: Snapshot, texts: Sequence[str], embed: Embed | None) -> Questions:
    if embed is None or not snapshot.project.model.dimensions:
        return Questions(texts, {})
    return Questions(texts, dict(zip(texts, await embed(texts), strict=True)))


async def _sampled(snapshot: Snapshot) -> Questions:
    """Sample the symbols, or first lines, of chunks from all over the index, and vectors from all over it."""
    import numpy as np

    texts: list[str] = []
    for number in range(SAMPLES):
        for row in await snapshot.page(CHUNKS, (snapshot.project.next_row * number // SAMPLES,), 1):
            symbol, text = str(CHUNKS.column(row, "symbol")), str(CHUNKS.column(row, "text"))
            texts.append(symbol or text.strip().partition("\n")[0])
    vectors: dict[str, FloatArray] = {}
    for digit in "0123456789abcdef":
        for text_hash, data in await snapshot.page(VECTORS, (digit,), 1):
            vectors[f"text {text_hash!s}"] = np.frombuffer(cast(bytes, data), "<f4")
    return Questions(list(dict.fromkeys(texts)), vectors)


def same_answers(one: Sequence[Hit], other: Sequence[Hit]) -> bool:
    """Return whether both found the same chunks. Of those that are as good as the last one, either may have either."""
    if len(one) != len(other):
        return False
    return _only_ties(one, other) and _only_ties(other, one)


def _only_ties(hits: Sequence[Hit], others: Sequence[Hit]) -> bool:
    """Return whether the hits that the others lack are no better than the last of those."""
    rows = {hit.row for hit in others}
    return all(hit.score <= others[-1].score + TOLERANCE * abs(hit.score) for hit in hits if hit.row not in rows)
