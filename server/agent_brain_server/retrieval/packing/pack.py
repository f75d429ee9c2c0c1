"""From a ranking to an answer: no passage twice, and no more text than was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent_brain_server.domain.content import Chunk
from agent_brain_server.retrieval.ranking.fusion import Ranked

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A ranked chunk with its text."""

    ranked: Ranked
    chunk: Chunk


def count_tokens(text: str) -> int:
    """Return the tokens that `text` counts as: a quarter of its characters, rounded up. No model counts so."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def drop_repeats(found: Iterable[RankedPassage], limit: int) -> list[RankedPassage]:
    """Return the first `limit` passages, and of those with the same text only the best."""
    kept: dict[str, RankedPassage] = {}
    for item in found:
        if len(kept) == limit:
            break
        kept.setdefault(item.chunk.text.strip(), item)
    return list(kept.values())


def outline(found: Iterable[RankedPassage]) -> list[RankedPassage]:
    """Return each passage's signature and the first line of its documentation instead of its text."""
    return [replace(item, chunk=item.chunk._replace(text=_head(item.chunk))) for item in found]


def _head(chunk: Chunk) -> str:
    signature = chunk.signature or next((line.rstrip() for line in chunk.text.split("\n") if line.strip()), "")
    said = chunk.documentation.strip().partition("\n")[0]
    return f"{signature}\n    {said}" if said and said not in signature else signature


def pack(found: Sequence[RankedPassage], max_tokens: int | None) -> tuple[list[RankedPassage], bool]:
    """Return the passages that fit, best first, and whether anything was left out.

    Whole symbols and sections are taken before lines without a name, and what does not fit is passed over for smaller
    ones below it; if not even one fits, the best one is cut at a line's end, its `end_line` with it.
    """
    if max_tokens is None:
        return list(found), False
    taken: set[int] = set()
    left = max_tokens
    for at in sorted(range(len(found)), key=lambda at: found[at].chunk.kind == "block"):
        tokens = count_tokens(found[at].chunk.text)
        if tokens <= left:
            taken.add(at)
            left -= tokens
    if not taken and found:
        return [_cut(found[0], max_tokens)], True
    return [found[at] for at in sorted(taken)], len(taken) < len(found)


def _cut(item: RankedPassage, max_tokens: int) -> RankedPassage:
    text = item.chunk.text[: max_tokens * CHARACTERS_PER_TOKEN]
    whole_lines, separator, _ = text.rpartition("\n")
    if separator and item.chunk.text[len(text) : len(text) + 1] != "\n":
        text = whole_lines
    end_line = min(item.chunk.end_line, item.chunk.start_line + text.count("\n"))
    return replace(item, chunk=item.chunk._replace(text=text, end_line=end_line))
