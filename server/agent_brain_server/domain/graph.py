"""What a file declares and what it refers to: the nodes and the loose ends of the code graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import starmap
from operator import attrgetter
from typing import Any, Literal

ReferenceKind = Literal["call", "import", "inherit", "use"]


@dataclass(frozen=True, slots=True)
class Definition:
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
        """The last part of the symbol."""
        return self.symbol.rpartition(".")[2] or self.symbol


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where a file names something: calls it, imports it, inherits from it or uses it otherwise.

    `name` is the last part of what is named, `*` for all of a module; `qualifier` is what stands before it as written,
    with `.` between its parts, without white space and arguments: a module for imports. `alias` is the local name that
    an import gives. `scope` is the symbol of the innermost definition around it, empty outside of any; `line` is
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
        """It leaves a worker process as plain tuples: thousands of small objects take several times as long."""
        return _rebuild, (
            [*map(_values_of_definition, self.definitions)],
            [*map(_values_of_reference, self.references)],
        )


_values_of_definition = attrgetter(*(field.name for field in fields(Definition)))
_values_of_reference = attrgetter(*(field.name for field in fields(Reference)))
NO_GRAPH = FileGraph()


def _rebuild(definitions: Iterable[tuple[Any, ...]], references: Iterable[tuple[Any, ...]]) -> FileGraph:
    return FileGraph(tuple(starmap(Definition, definitions)), tuple(starmap(Reference, references)))


@dataclass(frozen=True, slots=True)
class LocatedDefinition:
    """A definition and the file that it stands in."""

    path: str
    language: str
    definition: Definition


@dataclass(frozen=True, slots=True)
class LocatedReference:
    """A reference and the file that it stands in."""

    path: str
    language: str
    reference: Reference
