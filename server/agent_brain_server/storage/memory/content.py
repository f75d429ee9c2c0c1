"""The content of the index in memory, and the code graph in it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.domain.content import FileRecord, FloatArray, IndexedFile, PreparedChunk
from agent_brain_server.storage.differences import StoredChunk
from agent_brain_server.storage.graph_rows import located_definition, located_reference, reference_rows, symbol_rows
from agent_brain_server.storage.rows import Row


@dataclass(frozen=True, slots=True)
class Graph:
    """The rows of one file in `symbols`, and those in `symbol_references`."""

    symbols: list[Row]
    references: list[Row]

    @classmethod
    def of(cls, indexed: IndexedFile) -> Graph:
        """Return the rows of a file's graph; files have no number here."""
        return cls(symbol_rows(0, indexed), reference_rows(0, indexed, list))


@dataclass
class Content:
    """The index at one moment; a write replaces it as a whole, so that a failed one leaves no trace."""

    files: dict[str, FileRecord] = field(default_factory=dict)
    chunks: dict[int, PreparedChunk] = field(default_factory=dict)
    vectors: dict[str, FloatArray] = field(default_factory=dict)
    graphs: dict[str, Graph] = field(default_factory=dict)
    next_row: int = 1
    embedded_texts: int = 0

    def copy(self) -> Content:
        """Return a copy that can be changed and thrown away."""
        held = (dict(self.files), dict(self.chunks), dict(self.vectors), dict(self.graphs))
        return Content(*held, self.next_row, self.embedded_texts)

    def drop_files(self, paths: Iterable[str]) -> int:
        """Remove these files with all that hangs on them; how many there were."""
        gone = set(paths) & self.files.keys()
        self.files = {path: record for path, record in self.files.items() if path not in gone}
        self.chunks = {row: held for row, held in self.chunks.items() if held.chunk.path not in gone}
        self.graphs = {path: graph for path, graph in self.graphs.items() if path not in gone}
        return len(gone)

    def stored_of(self, paths: Container[str]) -> dict[str, StoredChunk]:
        """Return the chunks of these files by id."""
        held = ((row, prepared.chunk) for row, prepared in self.chunks.items())
        return {
            c.id: StoredChunk(row, c.start_line, c.end_line, c.language, c.kind, c.signature, c.documentation)
            for row, c in held
            if c.path in paths
        }

    def drop_rows(self, rows: Iterable[int]) -> None:
        """Remove these chunks."""
        gone = set(rows)
        self.chunks = {row: held for row, held in self.chunks.items() if row not in gone}

    def move(self, moved: Iterable[tuple[int, int, int]]) -> None:
        """Give chunks, by row, their new first and last line."""
        for row, start, end in moved:
            held = self.chunks[row]
            self.chunks[row] = held._replace(chunk=held.chunk._replace(start_line=start, end_line=end))

    def definitions(self, wanted: Callable[[str, str], bool]) -> list[LocatedDefinition]:
        """Return those whose path and key are `wanted`, in the order of the protocol."""
        found = [
            located_definition((path, self.files[path].language, symbol, kind, start, end, signature))
            for path, graph in self.graphs.items()
            for _, _, symbol, key, kind, start, end, signature in graph.symbols
            if wanted(path, key)
        ]
        return sorted(found, key=lambda one: (one.path, one.definition.start_line, one.definition.symbol))

    def references(self, wanted: Callable[[str, str], bool]) -> list[LocatedReference]:
        """Return those whose path and name are `wanted`, in the order of the protocol."""
        found = [
            located_reference((path, self.files[path].language, *texts, line))
            for path, graph in self.graphs.items()
            for _, _, *texts, lines in graph.references
            if wanted(path, texts[1])
            for line in lines
        ]
        return sorted(found, key=_place_of_reference)

    def rows_at(self, places: Iterable[tuple[str, int]]) -> Iterator[tuple[tuple[str, int], int]]:
        """Return the row of the chunk for each place that is in one."""
        for path, line in places:
            holding = [
                (chunk.end_line - chunk.start_line, row)
                for row, chunk in ((row, held.chunk) for row, held in self.chunks.items())
                if chunk.path == path and chunk.start_line <= line <= chunk.end_line
            ]
            if holding:
                yield (path, line), min(holding)[1]


def _place_of_reference(found: LocatedReference) -> tuple[str, int, str, str]:
    return found.path, found.reference.line, found.reference.name, found.reference.qualifier
