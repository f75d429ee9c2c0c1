"""Rows of the code graph, the same for every backend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import chain
from operator import itemgetter
from typing import Any

from agent_brain_server.domain.code_graph import Definition, LocatedDefinition, LocatedReference, Reference
from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.storage.rows import Row
from agent_brain_server.storage.texts import clean

_Texts = tuple[str, str, str, str, str]
_TEXTS: Callable[[Reference], _Texts] = itemgetter(0, 1, 2, 3, 4)


def symbol_rows(file_id: int, indexed: IndexedFile) -> list[Row]:
    """Return the file's rows of `symbols`."""
    return [
        (
            file_id,
            ordinal,
            clean(found.symbol),
            key_of(found.name),
            found.kind,
            found.start_line,
            found.end_line,
            clean(found.signature),
        )
        for ordinal, found in enumerate(indexed.graph.definitions)
    ]


def reference_rows(file_id: int, indexed: IndexedFile, stored: Callable[[list[int]], object]) -> list[Row]:
    """Return the file's rows of `symbol_references`, one for all that differ in their line only.

    Their lines are as `stored` returns them.
    """
    lines: dict[_Texts, list[int]] = {}
    for found in indexed.graph.references:
        texts = _TEXTS(found)
        if texts in lines:
            lines[texts].append(found.line)
        else:
            lines[texts] = [found.line]
    cleaned: Iterable[Iterable[str]] = lines if _is_plain(lines) else map(clean, lines)
    numbered = enumerate(zip(cleaned, lines.values(), strict=True))
    return [(file_id, ordinal, *texts, stored(at)) for ordinal, (texts, at) in numbered]


def _is_plain(texts: Iterable[_Texts]) -> bool:
    """Return whether there is nothing to clean, asked of all at once: there are very many of them."""
    joined = "".join(chain.from_iterable(texts))
    return joined.isascii() and "\0" not in joined


def key_of(name: str) -> str:
    """Return the key under which definitions of this name are found."""
    return str(clean(name)).lower()


def located_definition(row: Row) -> LocatedDefinition:
    """Return a definition read with its file: path, language, then the columns of `Definition`."""
    path, language, *fields = row
    return LocatedDefinition(path, language, Definition._make(fields))


def located_reference(row: Row) -> LocatedReference:
    """Return a reference read with its file: path, language, then the columns of `Reference`."""
    path, language, *fields = row
    return LocatedReference(path, language, Reference._make(fields))


def by_place(rows: Collection[Row]) -> dict[tuple[str, int], Any]:
    """Map path and line to the chunk's row; the last one of each place counts."""
    return {(path, line): row for path, line, row in rows}
