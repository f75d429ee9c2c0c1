"""A file that the store does not take costs itself alone, and is named with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agent_brain_server.domain.content import EmbeddingModel, FloatArray, Folder, IndexedFile
from agent_brain_server.domain.jobs import Progress
from agent_brain_server.embedding.disabled import DisabledEmbedder
from agent_brain_server.errors import StorageError, StorageFullError
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_run import IndexRun
from agent_brain_server.services.indexing.report import ReportService
from agent_brain_server.settings.folder_consent import FolderConsent
from agent_brain_server.storage.memory.index import MemoryIndex
from agent_brain_server.storage.memory.store import MemoryStore
from support.brain import write_files

MODEL = EmbeddingModel("none", 0)


class PickyIndex(MemoryIndex):
    """Takes no chunk of bad.py."""

    def __init__(self, error: Exception) -> None:
        super().__init__(MODEL)
        self._error = error

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        if any(file.record.path == "bad.py" and file.chunks for file in files):
            raise self._error
        return await super().upsert_chunks(files, vectors, rewrite=rewrite)


def picky(error: Exception) -> MemoryStore:
    """Return a store with such an index."""
    store = MemoryStore(MODEL, "1")
    store.index = PickyIndex(error)
    return store


async def indexed(root: Path, store: MemoryStore) -> Progress:
    await store.folders.save(Folder("."))
    folders = IndexedFolders(store.folders, root, WalkLimits(), FolderConsent(root, ()))
    job = await store.jobs.add([], False, 1.0)
    await store.jobs.claim(1.0)
    context = JobContext(store, DisabledEmbedder(), Workers(1), folders)
    try:
        progress = await IndexRun(context, job, lambda progress: None, lambda: None).run()
    finally:
        context.workers.close()
    return progress


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_files(tmp_path, {name: f"x = '{name}'\n" for name in ("a.py", "bad.py", "c.py")})
    return tmp_path


ERRORS = [StorageError("index row size 3000 exceeds the maximum"), UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "half")]


@pytest.mark.parametrize("error", ERRORS, ids=["sentence", "defect"])
async def test_the_others_are_written_and_it_is_reported(root: Path, error: Exception) -> None:
    store = picky(error)
    progress = await indexed(root, store)
    manifest = await store.read(lambda view: view.search.list_files())
    assert {path: record.chunk_count for path, record in manifest.items()} == {"a.py": 1, "bad.py": 0, "c.py": 1}
    (problem,) = progress.problems
    assert problem.startswith("bad.py: the index refused it: ")
    assert progress.skipped == {"unparsable": 1}
    folders = IndexedFolders(store.folders, root, WalkLimits(), FolderConsent(root, ()))
    (entry,) = (await ReportService(store, store.jobs, folders).report("", 10, 0.0)).entries
    assert (entry.path, entry.reason) == ("bad.py", "unparsable")
    assert problem == f"bad.py: {entry.detail}"


async def test_the_stores_own_trouble_ends_the_job(root: Path) -> None:
    store = picky(StorageFullError("the disk is full"))
    with pytest.raises(StorageFullError):
        await indexed(root, store)
    assert await store.read(lambda view: view.search.list_files()) == {}
