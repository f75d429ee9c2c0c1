"""Batches on their way to the index: in order, each text embedded once, bounded, and nothing goes on after the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from agent_brain_server.domain.content import Chunk, EmbeddingModel, FloatArray, PreparedChunk
from agent_brain_server.errors import WorkersError
from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest
from agent_brain_server.indexing.walking.walk_result import FileEntry
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.pipeline import READ_AHEAD, Batch, BatchPipeline
from agent_brain_server.storage.memory.store import MemoryStore

MODEL = EmbeddingModel("ones", 4)
HANGS = 60  # seconds


class Reading:
    """Reads a file of one chunk as soon as its gate is open; a path that ends in `!` fails."""

    def __init__(self, texts: Mapping[str, str], *, closed: Sequence[str] = ()) -> None:
        self.texts = texts
        self.gates = {path: asyncio.Event() for path in texts}
        for path in texts.keys() - set(closed):
            self.gates[path].set()
        self.begun: list[str] = []

    async def prepare(self, requests: Sequence[ReadRequest]) -> list[PreparedFile]:
        path = requests[0].entry.path
        self.begun.append(path)
        await self.gates[path].wait()
        if path.endswith("!"):
            raise WorkersError(path)
        text = self.texts[path]
        chunk = Chunk(path, path, 1, 1, "text", "block", "", "", "", text)
        return [PreparedFile(requests[0].entry, "indexed", chunks=(PreparedChunk(chunk, cast(Any, None), text),))]


class Embedding:
    """Counts what it embeds."""

    model = MODEL

    def __init__(self) -> None:
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        await asyncio.sleep(0)
        self.embedded += texts
        return np.ones((len(texts), MODEL.dimensions), dtype=np.float32)


def pipeline(reading: Reading, embedding: Embedding) -> BatchPipeline:
    """Return the pipeline of these files, each a batch of its own."""
    context = SimpleNamespace(store=MemoryStore(MODEL, "1"), embedder=embedding, workers=reading)
    batches = [[FileEntry(path, f"/{path}", ".", 1, 1)] for path in reading.texts]
    return BatchPipeline(cast(JobContext, context), lambda entry: ReadRequest(entry, "", 100), batches)


def path_of(batch: Batch) -> str:
    return batch.prepared[0].entry.path


async def test_batches_come_in_their_order_and_a_text_is_embedded_with_the_first_that_holds_it() -> None:
    reading, embedding = Reading({"a": "same", "b": "same", "c": "other"}, closed=["a"]), Embedding()
    async with asyncio.timeout(HANGS), pipeline(reading, embedding) as batches:
        first = asyncio.create_task(batches.next())
        while len(reading.begun) < 3:
            await asyncio.sleep(0)
        assert embedding.embedded == []
        reading.gates["a"].set()
        made = [await first, await batches.next(), await batches.next()]
    assert [path_of(batch) for batch in made] == ["a", "b", "c"]
    assert [sorted(batch.vectors) for batch in made] == [["same"], [], ["other"]]
    assert len(embedding.embedded) == 2


async def test_what_fails_fails_after_the_batches_before_it() -> None:
    async with asyncio.timeout(HANGS), pipeline(Reading({"a": "1", "b!": "2", "c": "3"}), Embedding()) as batches:
        assert path_of(await batches.next()) == "a"
        with pytest.raises(WorkersError, match="b!"):
            await batches.next()


async def test_no_more_is_read_than_memory_is_for() -> None:
    reading = Reading({f"{number:02}": str(number) for number in range(20)})
    async with asyncio.timeout(HANGS), pipeline(reading, Embedding()) as batches:
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(reading.begun) == READ_AHEAD + 1
        await batches.next()
        for _ in range(1000):
            await asyncio.sleep(0)
        assert len(reading.begun) == READ_AHEAD + 2


async def test_nothing_goes_on_once_it_is_left(caplog: pytest.LogCaptureFixture) -> None:
    before = asyncio.all_tasks()
    reading = Reading({"a": "1", "b!": "2", "c": "3", "d": "4"}, closed=["a", "c"])
    async with asyncio.timeout(HANGS), pipeline(reading, Embedding()):
        while len(reading.begun) < 3:
            await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert caplog.text == ""
