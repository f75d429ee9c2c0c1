"""The content of the index in memory, and the folders that it comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from agent_brain_server.domain.content import EmbeddingModel, FileRecord, FloatArray, Folder, IndexedFile, PreparedChunk
from agent_brain_server.storage.checks import check_vectors, lacking_vector, repeated_chunk_id
from agent_brain_server.storage.differences import find_difference
from agent_brain_server.storage.memory.content import Content, Graph


class MemoryIndex:
    """An `IndexStore`. `content` is the latest state; a write puts another in its place."""

    def __init__(self, model: EmbeddingModel) -> None:
        self._model = model
        self.content = Content()

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        return set(text_hashes) - self.content.vectors.keys()

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        check_vectors(vectors, self._model.dimensions)
        newest = {indexed.record.path: indexed for indexed in files}
        content = self.content.copy()
        stored = content.stored_of(newest)
        difference = find_difference({} if rewrite else stored, newest.values())
        content.drop_rows([chunk.row for chunk in stored.values()] if rewrite else difference.removed)
        content.move(difference.moved)
        content.embedded_texts += len(vectors.keys() - content.vectors.keys())
        content.vectors = {**vectors, **content.vectors}
        held = {prepared.chunk.id for prepared in content.chunks.values()}
        for path, indexed in newest.items():
            content.files[path] = indexed.record
            content.graphs[path] = Graph.of(indexed)
            for prepared in difference.added[path]:
                self._add_chunk(content, prepared, held)
        self.content = content
        return difference.written

    def _add_chunk(self, content: Content, prepared: PreparedChunk, held: set[str]) -> None:
        if self._model.dimensions and prepared.text_hash not in content.vectors:
            raise lacking_vector(prepared.chunk.path)
        if prepared.chunk.id in held:
            raise repeated_chunk_id()
        held.add(prepared.chunk.id)
        content.chunks[content.next_row] = prepared
        content.next_row += 1

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        content = self.content.copy()
        content.files |= {record.path: record for record in records if record.path in content.files}
        self.content = content

    async def remove_files(self, paths: Collection[str]) -> int:
        content = self.content.copy()
        removed = content.drop_files(paths)
        self.content = content
        return removed

    async def drop_unused_vectors(self) -> int:
        content = self.content.copy()
        used = {held.text_hash for held in content.chunks.values()}
        content.vectors = {text_hash: vector for text_hash, vector in content.vectors.items() if text_hash in used}
        dropped = len(self.content.vectors) - len(content.vectors)
        self.content = content
        return dropped

    async def reset(self) -> None:
        content = self.content
        self.content = Content(next_row=content.next_row, embedded_texts=content.embedded_texts)

    async def optimize(self) -> None:
        """Do nothing: no work is ever put off."""


class MemoryFolders:
    """A `FolderStore`."""

    def __init__(self, index: MemoryIndex) -> None:
        self._index = index
        self._folders: dict[str, Folder] = {}

    async def list_all(self) -> list[Folder]:
        return [self._folders[path] for path in sorted(self._folders)]

    async def save(self, folder: Folder) -> None:
        self._folders[folder.path] = folder

    async def remove(self, path: str, heir: str | None = None) -> bool:
        if self._folders.pop(path, None) is None:
            return False
        content = self._index.content.copy()
        own = {name: record for name, record in content.files.items() if record.folder == path}
        if heir is None:
            content.drop_files(own)
        else:
            content.files |= {name: replace(record, folder=heir) for name, record in own.items()}
        self._index.content = content
        return True

    async def count(self) -> dict[str, tuple[int, int]]:
        counts: dict[str, tuple[int, int]] = {}
        for record in self._index.content.files.values():
            files, chunks = counts.get(record.folder, (0, 0))
            counts[record.folder] = files + 1, chunks + record.chunk_count
        return counts
