"""The folders of the index: what `FolderStore` promises, each inside of a transaction.

Removing one also removes files: see `index.remove_folder`.
"""

from __future__ import annotations

from agent_brain_server.domain.content import Folder
from agent_brain_server.storage.postgres.session import Session, to_json


def list_folders(session: Session) -> list[Folder]:
    return [Folder(path, tuple(include), tuple(exclude)) for path, include, exclude in session.rows("list_folders")]


def count_folders(session: Session) -> dict[str, tuple[int, int]]:
    return {path: (int(files), int(chunks)) for path, files, chunks in session.rows("count_folders")}


def save_folder(session: Session, folder: Folder) -> None:
    include, exclude = to_json(folder.include), to_json(folder.exclude)
    session.run("save_folder", path=folder.path, include=include, exclude=exclude)
