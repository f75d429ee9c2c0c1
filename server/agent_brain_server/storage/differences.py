"""The difference between the stored and the new chunks of files: what is the same is not written again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent_brain_server.domain.content import IndexedFile, PreparedChunk


class StoredChunk(NamedTuple):
    """A row of `chunks`, without what its id says of it: its path, symbol and text."""

    row: int
    start_line: int
    end_line: int
    language: str
    kind: str
    signature: str
    documentation: str


class Difference(NamedTuple):
    """The rows to remove; the row, start and end line of those that have only moved; the chunks to add by path."""

    removed: list[int]
    moved: list[tuple[int, int, int]]
    added: dict[str, list[PreparedChunk]]

    @property
    def written(self) -> int:
        """Return how many chunks are written, those that have moved among them."""
        return len(self.moved) + sum(map(len, self.added.values()))


def find_difference(stored: Mapping[str, StoredChunk], files: Iterable[IndexedFile]) -> Difference:
    """Compare all chunks that are stored of these files, by id, with those that the files have now."""
    left = dict(stored)
    moved: list[tuple[int, int, int]] = []
    added: dict[str, list[PreparedChunk]] = {}
    for indexed in files:
        new = added.setdefault(indexed.record.path, [])
        for prepared in indexed.chunks:
            chunk = prepared.chunk
            before = left.get(chunk.id)
            if before is None or before[3:] != (chunk.language, chunk.kind, chunk.signature, chunk.documentation):
                new.append(prepared)
                continue
            del left[chunk.id]
            if (before.start_line, before.end_line) != (chunk.start_line, chunk.end_line):
                moved.append((before.row, chunk.start_line, chunk.end_line))
    return Difference([gone.row for gone in left.values()], moved, added)
