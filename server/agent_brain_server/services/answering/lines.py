"""The lines of an indexed file as they are now, with its secrets masked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agent_brain_server.errors import NotFoundError, RequestError
from agent_brain_server.indexing.reading.lines import read_lines
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_run import LEFT_OUT_NOTE
from agent_brain_server.storage.view import ReadStore


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a file, of `total`; `first` counts from 1."""

    path: str
    first: int
    total: int
    lines: list[str]


class LineService:
    """Reads files that the index holds and no others: what is ignored, secret or outside is not in it."""

    def __init__(self, store: ReadStore, folders: IndexedFolders) -> None:
        self._store = store
        self._folders = folders

    async def lines(self, path: str, first: int, last: int) -> Lines:
        """Return the lines from `first` to `last`, as far as there are any.

        Raises NotFoundError for a file that is not in the index or may not be any more, RequestError for a bad range.
        """
        record = (await self._store.read(lambda view: view.search.find_files([path]))).get(path)
        if record is None or record.note.startswith(LEFT_OUT_NOTE):
            raise _missing(path)
        lines = await asyncio.to_thread(_read, await self._folders.tree(), path)
        if lines is None:
            raise _missing(path)
        if not 1 <= first <= last:
            raise RequestError("`first` must be at least 1 and not after `last`.", field="first")
        return Lines(path, first, len(lines), lines[first - 1 : last])


def _read(tree: FileTree, path: str) -> list[str] | None:
    entry = tree.admits(path)
    return None if entry is None else read_lines(entry, tree.limits.of(path))


def _missing(path: str) -> NotFoundError:
    return NotFoundError(
        f"{path} is not in the index: it is ignored, may hold secrets, or is not indexed yet."
        " See: agent-brain index --report"
    )
