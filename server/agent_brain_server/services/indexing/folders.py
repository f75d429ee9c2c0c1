"""The indexed folders, as they are and may be read at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.errors import ConflictError
from agent_brain_server.indexing.walking.real_paths import is_real
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.settings.folder_consent import FolderConsent
from agent_brain_server.storage.protocol import FolderStore


@dataclass(frozen=True, slots=True)
class IndexedFolders:
    """The folders in `store` of the project at `root`, which is its real path; `own` as in `FileTree`."""

    store: FolderStore
    root: Path
    limits: WalkLimits
    consent: FolderConsent
    own: frozenset[str] = frozenset()

    async def tree(self) -> FileTree:
        """Return the tree of the folders, each checked where it leads now.

        Raise ConflictError where the project's own directory has become a link: it is not what was set up.
        """
        return await asyncio.to_thread(self._tree, await self.store.list_all())

    def _tree(self, folders: Sequence[Folder]) -> FileTree:
        if not is_real(self.root.as_posix()):
            raise ConflictError(f"{self.root} has been replaced by a link; agent-brain start serves what is there now.")
        return FileTree(self.root, folders, self.limits, self.consent.accepts, self.own)
