"""The folders of the index: what `FolderStore` promises, each inside of a transaction.

Removing one also removes files: see `index.remove_folder`.
"""

from __future__ import annotations

import json

from agent_brain_server.domain.content import Folder
from agent_brain_server.storage.sqlite.session import Session


def list_folders(session: Session) -> list[Folder]:
    return [
        Folder(path, tuple(json.loads(include)), tuple(json.loads(exclude)))
        for path, include, exclude in session.run("list_folders")
    ]


def count_folders(session: Session) -> dict[str, tuple[int, int]]:
    return {path: (files, chunks) for path, files, chunks in session.run("count_folders")}


def save_folder(session: Session, folder: Folder) -> None:
    include, exclude = json.dumps(folder.include), json.dumps(folder.exclude)
    session.run("save_folder", path=folder.path, include=include, exclude=exclude)
