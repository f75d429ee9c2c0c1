"""The walk of folders that are all accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import FileEntry, WalkLimits, WalkResult


def accept_all(outside: str) -> bool:
    """Accept every folder outside the project."""
    return True


def walk(root: Path, folders: Sequence[Folder], limits: WalkLimits) -> WalkResult:
    """All files of the folders that are to be indexed."""
    return FileTree(root.resolve(), folders, limits, accept_all).walk()


def admits(root: Path, folders: Sequence[Folder], limits: WalkLimits, path: str) -> FileEntry | None:
    """What `walk` would say of one path."""
    return FileTree(root.resolve(), folders, limits, accept_all).admits(path)
