"""A search's filters as blocks of SQL and the values bound to them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.symbols import last_part, symbol_names

MOST_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class _Known:
    """The paths of one state of the index by file, and the files that globs match among them."""

    generation: int
    paths: list[tuple[int, str]]
    matching: OrderedDict[tuple[str, ...], list[int]] = field(default_factory=OrderedDict)


class PathCache:
    """The files that globs match, remembered until the index changes: globs are ours to match, not the database's.

    Views of several states of the index share it, from several threads.
    """

    def __init__(self) -> None:
        self._known = _Known(-1, [])
        self._lock = Lock()

    def matching(self, session: Session, generation: int, globs: tuple[str, ...]) -> list[int]:
        """Return the ids of the files that match. Raise ValueError for a malformed glob."""
        matches = path_matcher(globs)
        known = self._known
        if generation != known.generation:
            known = _Known(generation, [(file_id, path) for file_id, path in session.rows("list_paths")])
            self._known = known
        with self._lock:
            found = known.matching.get(globs)
            if found is None:
                found = known.matching[globs] = [file_id for file_id, path in known.paths if matches(path)]
                if len(known.matching) > MOST_REMEMBERED:
                    known.matching.popitem(last=False)
        return found


def filter_blocks(filters: Filters) -> list[str]:
    """Return the names of the blocks that restrict the chunks `c`."""
    fields = ("languages", "kinds", "paths", "symbols")
    return [f"filter_{field}" for field in fields if getattr(filters, field)]


def filter_values(session: Session, paths: PathCache, generation: int, filters: Filters) -> dict[str, object]:
    """Return what is bound to these blocks. Raise ValueError for a malformed glob."""
    values: dict[str, object] = {}
    if filters.languages:
        values["languages"] = list(filters.languages)
    if filters.kinds:
        values["kinds"] = list(filters.kinds)
    if filters.paths:
        values["files"] = paths.matching(session, generation, filters.paths)
    if filters.symbols:
        names = symbol_names(filters.symbols)
        values["symbols"] = names
        values["symbol_ends"] = [f"%.{_literal(name)}" for name in names]
        values["last_parts"] = [last_part(name) for name in names]
    return values


def _literal(text: str) -> str:
    """Return a LIKE pattern that matches just this text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
