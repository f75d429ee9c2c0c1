"""Batches of files on their way to the index: read in worker processes, then embedded, while others are written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest
from agent_brain_server.indexing.walking.walk_result import FileEntry
from agent_brain_server.services.indexing.context import JobContext

Result = TypeVar("Result")

READ_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are read, with the vectors of their new texts."""

    prepared: Sequence[PreparedFile]
    vectors: Mapping[str, FloatArray]


class BatchPipeline:
    """The reading and embedding of batches ahead of their writing, from when it is entered until it is left.

    READ_AHEAD batches are read at once. One that is read is embedded while it waits in the queue, which holds one, so
    that memory is bounded by READ_AHEAD + 2 batches.
    """

    def __init__(
        self, context: JobContext, request: Callable[[FileEntry], ReadRequest], batches: Sequence[Sequence[FileEntry]]
    ) -> None:
        self._context = context
        self._request = request
        self._batches = batches
        self._ready: asyncio.Queue[asyncio.Task[Batch]] = asyncio.Queue(maxsize=1)
        self._claimed: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._preparing = self._start(self._prepare())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def next(self) -> Batch:
        """Return the next batch, in their order, once it is ready; raise what its reading or embedding raised."""
        getting = self._start(self._ready.get())
        await asyncio.wait([getting, self._preparing], return_when=asyncio.FIRST_COMPLETED)
        if not getting.done():
            self._preparing.result()  # raises
        return await (await getting)

    async def _prepare(self) -> None:
        reading: deque[asyncio.Task[list[PreparedFile]]] = deque()
        for batch in self._batches:
            reading.append(self._start(self._read(batch)))
            if len(reading) == READ_AHEAD:
                await self._pass_on(reading.popleft())
        while reading:
            await self._pass_on(reading.popleft())

    async def _pass_on(self, reading: asyncio.Task[list[PreparedFile]]) -> None:
        await asyncio.wait([reading])
        await self._ready.put(self._start(self._embed(reading)))

    async def _read(self, batch: Sequence[FileEntry]) -> list[PreparedFile]:
        return await self._context.workers.prepare([self._request(entry) for entry in batch])

    async def _embed(self, reading: asyncio.Task[list[PreparedFile]]) -> Batch:
        prepared = reading.result()
        texts = self._claim(prepared)  # before anything is awaited, so that batches claim in their order
        missing = sorted(await self._context.store.index.missing_vectors(texts.keys())) if texts else []
        if not missing:
            return Batch(prepared, {})
        vectors = await self._context.embedder.embed([texts[text_hash] for text_hash in missing])
        return Batch(prepared, dict(zip(missing, vectors, strict=True)))

    def _claim(self, prepared: Sequence[PreparedFile]) -> Mapping[str, str]:
        """Return the texts by hash that this batch embeds; those of an earlier batch are written before it."""
        if not self._context.embedder.model.dimensions:
            return {}
        texts = {c.text_hash: c.chunk.embedding_text for file in prepared for c in file.chunks}
        fresh = {text_hash: text for text_hash, text in texts.items() if text_hash not in self._claimed}
        self._claimed.update(fresh)
        return fresh

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it is not logged where no batch is waited for any more
