"""The product's own index of each package, made by the product's own job and asked through its own search service."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.terms import TOKENIZER_VERSION
from agent_brain_server.embedding.factory import create_embedder
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_run import IndexRun
from agent_brain_server.settings.folder_consent import FolderConsent
from agent_brain_server.settings.model import EmbeddingSettings
from agent_brain_server.storage.sqlite.store import SqliteStore


@dataclass(frozen=True, slots=True)
class Index:
    """An open index. `seconds` is how long the job took, 0 where it was made before."""

    root: Path
    database: Path
    store: SqliteStore
    embedder: Embedder
    seconds: float


def folders_of(store: SqliteStore, root: Path) -> IndexedFolders:
    """Return the folders of a store of sources at `root`, none of them outside."""
    return IndexedFolders(store.folders, root, WalkLimits(), FolderConsent(root, ()))


@asynccontextmanager
async def open_index(root: Path, database: Path, *, fresh: bool) -> AsyncIterator[Index]:
    """Yield the index of the sources at `root`, kept in `database` and made where it is missing or `fresh`."""
    root = root.resolve()
    complete = database.with_suffix(".complete")
    made = fresh or not complete.exists()
    if made:
        for path in database.parent.glob(f"{database.stem}.*"):
            path.unlink()
    workers = Workers()
    embedder = await create_embedder(EmbeddingSettings(), workers.run)
    store = SqliteStore(database, embedder.model, TOKENIZER_VERSION)
    await store.open()
    try:
        started = time.perf_counter()
        if made:
            await store.folders.save(Folder("."))
            await store.jobs.add((), False, time.time())
            context = JobContext(store, embedder, workers, folders_of(store, root))
            job = await store.jobs.claim(time.time())
            assert job is not None  # the only one of a store that was made for it
            await IndexRun(context, job, lambda progress: None, lambda: None).run()
            complete.touch()
        yield Index(root, database, store, embedder, time.perf_counter() - started if made else 0.0)
    finally:
        await store.close()
