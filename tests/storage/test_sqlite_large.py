"""What SQLite does differently once an index is large, with the limit for that set low."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage import lexical
from agent_brain_server.storage.factory import create_store
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.sqlite import full_text
from storage.building import MODEL, TOKENIZER, axis, find, make_file, nearest, put


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = create_store("sqlite:///index.db", tmp_path, MODEL, TOKENIZER)
    await opened.open()
    for number in range(30):
        language = "go" if number % 10 == 0 else "python"
        await put(opened, make_file(f"f{number}.x", f"self part{number}", f"self {number}", language=language))
    yield opened
    await opened.close()


async def test_common_terms_count_and_do_not_find(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "LEAST_FOUND", 1)
    assert await find(store, "self 7", limit=1) == ["self 7"]
    assert set(await find(store, "self 7", Filters(languages=("go",)), limit=1)) == {"self 0"}


async def test_terms_that_are_everywhere_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MANY_MATCHES", 10)
    assert set(await find(store, "self 7")) == {"self part7", "self 7"}
    assert len(await find(store, "self")) == 60
    assert await find(store, "self 7", Filters(languages=("go",))) == []


async def test_frequencies_follow_the_index(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "MANY_MATCHES", 10)
    assert len(await find(store, "self newcomer")) == 60
    await put(store, make_file("new.x", "newcomer"))
    assert await find(store, "self newcomer") == ["newcomer"]


@pytest.mark.parametrize("first_look", [1, 4, 20, 1_000])
async def test_a_first_look_gives_what_the_whole_search_gives(
    store: Store, monkeypatch: pytest.MonkeyPatch, first_look: int
) -> None:
    monkeypatch.setattr(full_text, "FIRST_LOOK", 0)
    chosen = Filters(languages=("go",), kinds=("function",))
    expected = await find(store, "self", chosen, limit=3), await nearest(store, axis(1), chosen, limit=3)
    monkeypatch.setattr(full_text, "FIRST_LOOK", first_look)
    assert (await find(store, "self", chosen, limit=3), await nearest(store, axis(1), chosen, limit=3)) == expected
    assert len(expected[0]) == len(expected[1]) == 3
