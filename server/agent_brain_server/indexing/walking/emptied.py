"""Indexed folders that hold no file any more, such as the place of a disk that is not mounted.

One looks the same as a folder whose files were all deleted. What the index holds of it may have cost money, so it is
kept until the person says that the folder is meant to be empty.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from agent_brain_contract.escaping import name as shown
from agent_brain_contract.paths import ENV_FILE, STATE_DIRECTORY
from agent_brain_server.domain.content import FileRecord
from agent_brain_server.indexing.walking.changes import Changes
from agent_brain_server.indexing.walking.index_root import FolderProblem
from agent_brain_server.indexing.walking.walk import FileTree

# What git and setup keep at the top of a project says nothing of whether the project's own files are there.
_NOT_COUNTED = frozenset({".git", ".gitignore", ENV_FILE, STATE_DIRECTORY.partition("/")[0]})
MOST_DIRECTORIES = 1_000


def holds_no_file(top: str) -> bool:
    """Return whether only empty directories are beneath the directory `top`, apart from what git and setup keep there.

    False where that cannot be seen, or where there are more than MOST_DIRECTORIES.
    """
    try:
        with os.scandir(top) as listing:
            pending = [entry for entry in listing if entry.name not in _NOT_COUNTED]
        for _ in range(MOST_DIRECTORIES):
            if not pending:
                return True
            entry = pending.pop()
            if not entry.is_dir(follow_symlinks=False):
                return False
            with os.scandir(entry.path) as listing:
                pending += listing
    except OSError:
        return False
    return False


def folders_held(records: Iterable[FileRecord]) -> frozenset[str]:
    """Return the folders of which the index holds more than what git and setup keep there."""
    return frozenset(record.folder for record in records if _name_at_top(record) not in _NOT_COUNTED)


def _name_at_top(record: FileRecord) -> str:
    inside = record.path if record.folder == "." else record.path[len(record.folder) :].lstrip("/")
    return inside.partition("/")[0]


def emptied_folders(tree: FileTree, held: Collection[str]) -> frozenset[str]:
    """Return which of the folders that the index holds files of have none any more."""
    return frozenset(path for path, top in tree.folders.items() if path in held and holds_no_file(top))


def keep_emptied(tree: FileTree, manifest: Mapping[str, FileRecord], changes: Changes) -> tuple[Changes, Sequence[str]]:
    """Return the changes without what would go of emptied folders, and a sentence for each of these."""
    emptied = emptied_folders(tree, {manifest[path].folder for path in changes.removed})
    removed = tuple(path for path in changes.removed if manifest[path].folder not in emptied)
    return replace(changes, removed=removed), [str(why_kept(folder)) for folder in sorted(emptied)]


def why_kept(folder: str) -> FolderProblem:
    """Return why the index still holds files of an emptied folder, and what to do."""
    what = "The project" if folder == "." else f"The folder {folder}"
    return FolderProblem(
        f"{what} holds no file any more, as if its disk were not mounted; what the index holds of it is kept",
        "If it is meant to be empty, run",
        f"agent-brain index --force --wait {shlex.quote(shown(folder))}",
    )
