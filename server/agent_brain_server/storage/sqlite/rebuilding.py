"""Beginning an index again, also over a damaged file: in a new file, which then takes the place of the old one.

Killed anywhere, the old file or the new one is there, and doing it once more is right.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from agent_brain_contract.defaults import SIDE_FILES
from agent_brain_contract.index_file import is_index
from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.sqlite.failures import not_ours
from agent_brain_server.storage.sqlite.folders import save_folder
from agent_brain_server.storage.sqlite.matrix_header import cache_path, may_be_cache
from agent_brain_server.storage.sqlite.salvage import Salvage, Vector, open_salvage
from agent_brain_server.storage.sqlite.schema import prepare_schema
from agent_brain_server.storage.sqlite.session import Session

log = logging.getLogger(__name__)


def begin_again(path: Path, model: EmbeddingModel, tokenizer_version: str) -> None:
    """Put an index without files in the place of what is at `path`.

    Its folders stay and, where `model` made them, those of its vectors that are whole. A file that is not an index is
    renamed, not removed. Raise StorageError where its vectors would overwrite a file that is not ours.
    """
    own = is_index(path)
    if not own and not may_be_cache(cache_path(path)):
        raise not_ours(cache_path(path))
    new = path.with_name(f"{path.name}.new")
    _remove(new, "", *SIDE_FILES)
    _make(new, path, model, tokenizer_version)
    if not own:
        log.warning("%s was not an index of Agent Brain and was renamed to %s", path, _renamed(path))
    # Before the file itself: a log that stayed would be read into the new one.
    _remove(path, *SIDE_FILES)
    cache_path(path).unlink(missing_ok=True)
    new.replace(path)


def _make(new: Path, old: Path, model: EmbeddingModel, tokenizer_version: str) -> None:
    old.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = MEMORY")
        session = Session(connection, load_queries(__package__ or ""))
        prepare_schema(session, new, model, tokenizer_version)
        salvage = open_salvage(old) if old.exists() else None
        if salvage is not None:
            with closing(salvage.connection), session.transaction(write=True):
                _take_along(session, salvage, model)


def _take_along(session: Session, salvage: Salvage, model: EmbeddingModel) -> None:
    for folder in salvage.folders:
        save_folder(session, folder)
    kept = 0
    if salvage.model == model:
        kept = session.run_many("insert_vector", _until_it_fails(salvage))
    log.warning("the index begins again with %d of its folders and %d embeddings", len(salvage.folders), kept)


def _until_it_fails(salvage: Salvage) -> Iterator[Vector]:
    """Yield the vectors; an error of the old file ends them, and is not taken for one of the new file."""
    try:
        yield from salvage.vectors()
    except sqlite3.Error as error:
        log.warning("the rest of the embeddings cannot be read: %s", error)


def _remove(path: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _renamed(path: Path) -> Path:
    """Rename the file at `path` to a free name next to it and return that."""
    number = 1
    while os.path.lexists(kept := path.with_name(f"{path.name}.kept-{number}")):
        number += 1
    return path.rename(kept)
