"""Definitions and references of a file: the nodes of the code graph, and what its edges are resolved from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

ReferenceKind = Literal["call", "import", "inherit", "use"]


class Definition(NamedTuple):
    """A symbol that a file declares.

    `symbol` is the qualified name exactly as chunks have it, `kind` one of theirs; the lines are 1-based and inclusive,
    with the comments and attributes above the symbol.
    """

    symbol: str
    kind: str
    start_line: int
    end_line: int
    signature: str

    @property
    def name(self) -> str:
        """Return the last part of the symbol."""
        return self.symbol.rpartition(".")[2] or self.symbol


class Reference(NamedTuple):
    """A name in a file: of what it calls, imports, inherits from or uses otherwise.

    `name` is the last part of what is named, `*` for all of a module; `qualifier` is what is written before it,
    with `.` between its parts, without white space and arguments: a module for imports. `alias` is the local name that
    an import gives. `scope` is the symbol of the innermost definition that encloses it, empty outside of any; `line` is
    1-based.
    """

    kind: ReferenceKind
    name: str
    qualifier: str
    alias: str
    scope: str
    line: int


@dataclass(frozen=True, slots=True)
class FileGraph:
    """What one file adds to the code graph, in the order of its lines, without repeats of equal references."""

    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., FileGraph], tuple[Any, ...]]:
        """Pickle as plain tuples: thousands of instances of a class take several times as long between processes."""
        return _rebuild, ([*map(tuple, self.definitions)], [*map(tuple, self.references)])


NO_GRAPH = FileGraph()


def _rebuild(definitions: Iterable[Iterable[Any]], references: Iterable[Iterable[Any]]) -> FileGraph:
    return FileGraph(tuple(map(Definition._make, definitions)), tuple(map(Reference._make, references)))


class LocatedDefinition(NamedTuple):
    """A definition and the file that it is in."""

    path: str
    language: str
    definition: Definition


class LocatedReference(NamedTuple):
    """A reference and the file that it is in."""

    path: str
    language: str
    reference: Reference
