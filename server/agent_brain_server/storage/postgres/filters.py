"""A search's filters as blocks of SQL and the values bound to them."""

from __future__ import annotations

from collections import OrderedDict

from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.search import Filters
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.symbols import last_part, symbol_names

MOST_REMEMBERED = 16


class PathCache:
    """The files that globs match, remembered until the index changes: globs are ours to match, not the database's."""

    def __init__(self) -> None:
        self._generation = -1
        self._paths: list[tuple[int, str]] = []
        self._matching: OrderedDict[tuple[str, ...], list[int]] = OrderedDict()

    async def matching(self, session: Session, generation: int, globs: tuple[str, ...]) -> list[int]:
        """The ids of the files that match. Raises ValueError for a glob that is none."""
        matches = path_matcher(globs)
        if generation != self._generation:
            paths = [(file_id, path) for file_id, path in await session.rows("list_paths")]
            self._generation, self._paths, self._matching = generation, paths, OrderedDict()
        found = self._matching.get(globs)
        if found is None:
            found = self._matching[globs] = [file_id for file_id, path in self._paths if matches(path)]
            if len(self._matching) > MOST_REMEMBERED:
                self._matching.popitem(last=False)
        return found


def filter_blocks(filters: Filters) -> list[str]:
    """The names of the blocks that restrict the chunks `c`."""
    fields = ("languages", "kinds", "paths", "symbols")
    return [f"filter_{field}" for field in fields if getattr(filters, field)]


async def filter_values(session: Session, paths: PathCache, generation: int, filters: Filters) -> dict[str, object]:
    """What is bound to these blocks. Raises ValueError for a glob that is none."""
    values: dict[str, object] = {}
    if filters.languages:
        values["languages"] = list(filters.languages)
    if filters.kinds:
        values["kinds"] = list(filters.kinds)
    if filters.paths:
        values["files"] = await paths.matching(session, generation, filters.paths)
    if filters.symbols:
        names = symbol_names(filters.symbols)
        values["symbols"] = names
        values["symbol_ends"] = [f"%.{_literal(name)}" for name in names]
        values["last_parts"] = [last_part(name) for name in names]
    return values


def _literal(text: str) -> str:
    """The text as a LIKE pattern that matches just it."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
