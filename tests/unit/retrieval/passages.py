"""Passages for the tests of ranking, joining, packing and reasons."""

from __future__ import annotations

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import StageTrace
from agent_brain_server.retrieval.packing.pack import RankedPassage
from agent_brain_server.retrieval.ranking.fusion import Ranked


def passage(
    text: str = "",
    path: str = "src/file.py",
    start: int = 1,
    end: int = 0,
    *,
    kind: str = "function",
    symbol: str = "",
    signature: str = "",
    documentation: str = "",
) -> Chunk:
    """Return a chunk whose last line is that of its text where none is given."""
    end = end or start + text.count("\n")
    return Chunk(f"{path}:{start}", path, start, end, "python", kind, symbol, signature, documentation, text)


def found(*chunks: Chunk) -> list[RankedPassage]:
    """Return the chunks as they were ranked, best first; the row is the rank."""
    return [RankedPassage(Ranked(row, 1 / (1 + row), StageTrace({}, {})), chunk) for row, chunk in enumerate(chunks)]


def rows(items: list[RankedPassage]) -> list[int]:
    return [item.ranked.row for item in items]
