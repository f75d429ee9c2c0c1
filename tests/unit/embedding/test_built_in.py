"""The built-in embedder reads its table in a thread: the event loop answers meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from agent_brain_server.domain.content import FloatArray
from agent_brain_server.embedding import built_in
from agent_brain_server.embedding.built_in import LARGE_BATCH, BuiltInEmbedder


async def test_the_table_is_loaded_once_and_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[threading.Thread] = []
    load = built_in.load_table
    monkeypatch.setattr(built_in, "load_table", lambda: (loaded.append(threading.current_thread()), load())[1])
    embedder = BuiltInEmbedder()
    first, second = await embedder.embed(["retry policy"]), await embedder.embed(["retry policy"])
    assert np.array_equal(first, second)
    assert len(loaded) == 1
    assert loaded[0] is not threading.main_thread()


async def test_a_large_batch_is_handed_on() -> None:
    handed: list[Sequence[str]] = []

    async def run(function: object, texts: Sequence[str]) -> FloatArray:
        handed.append(texts)
        return np.zeros((len(texts), 1), np.float32)

    await BuiltInEmbedder(run).embed(["text"] * (LARGE_BATCH + 1))
    assert handed == [["text"] * (LARGE_BATCH + 1)]
