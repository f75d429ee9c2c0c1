"""Promises of `SearchView`."""

from __future__ import annotations

import asyncio
import random

import pytest

from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.domain.hits import Filters
from agent_brain_server.domain.terms import tokenize
from agent_brain_server.storage.protocol import Store
from storage.building import (
    EVERYTHING,
    NO_EMBEDDING,
    axis,
    fetch_chunks,
    find,
    find_chunk,
    find_files,
    lexical_hits,
    make_chunk,
    make_file,
    nearest,
    put,
    statistics,
    vector_hits,
)
from storage.contract_setting import ContractSetting, MakeStore


class SearchContract(ContractSetting):
    async def test_an_empty_index_finds_nothing(self, store: Store) -> None:
        assert await lexical_hits(store, ["word"], EVERYTHING, 10) == []
        assert await vector_hits(store, axis(1), EVERYTHING, 10) == []

    async def test_any_term_is_enough(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha beta", "gamma", "delta"))
        assert set(await find(store, "alpha gamma unknown")) == {"alpha beta", "gamma"}

    async def test_the_best_comes_first_with_positive_scores(self, store: Store) -> None:
        await put(store, make_file("a.py", "retry once here", "retry retry retry", "else", "other", "more"))
        hits = await lexical_hits(store, ["retry"], EVERYTHING, 10)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(hit.score > 0 for hit in hits)
        assert (await find(store, "retry"))[0] == "retry retry retry"

    async def test_a_symbol_weighs_more_than_a_body(self, store: Store) -> None:
        named = make_chunk("a.py", "nothing to see", symbol="Pool.acquire")
        filler = [f"filler {number}" for number in range(10)]
        await put(store, make_file("a.py", "acquire the lock", named, *filler))
        assert await find(store, "acquire") == ["nothing to see", "acquire the lock"]

    async def test_path_and_documentation_are_searched(self, store: Store) -> None:
        documented = make_chunk("b.py", "body", documentation="Waits politely.")
        await put(store, make_file("lib/parser.py", "x = 1"), make_file("b.py", documented))
        assert await find(store, "parser") == ["x = 1"]
        assert await find(store, "politely") == ["body"]

    async def test_ties_are_broken_by_row(self, store: Store) -> None:
        await put(store, make_file("a.py", *["same words"] * 5))
        rows = [hit.row for hit in await lexical_hits(store, ["same"], EVERYTHING, 5)]
        assert rows == sorted(rows)
        rows = [hit.row for hit in await vector_hits(store, axis(1, 1, 1), EVERYTHING, 5)]
        assert rows == sorted(rows)

    @pytest.mark.parametrize("limit", [0, 1, 2, 100])
    async def test_the_limit_holds(self, store: Store, limit: int) -> None:
        await put(store, make_file("a.py", "word one", "word two", "word three"))
        assert len(await lexical_hits(store, ["word"], EVERYTHING, limit)) == min(limit, 3)
        assert len(await vector_hits(store, axis(1), EVERYTHING, limit)) == min(limit, 3)

    @pytest.mark.parametrize(
        "term",
        ['"', '"word', "wor*", "NEAR(", "AND", "OR", "NOT", "-word", "body:word", ":", "*", "^", "{a}", "'", "%", "\\",
         ";--", "", " ", "(", "+"],
    )  # fmt: skip
    async def test_operators_are_plain_text(self, store: Store, term: str) -> None:
        await put(store, make_file("z.txt", "unrelated text"))
        assert await lexical_hits(store, [term], EVERYTHING, 10) == []
        assert await find(store, "unrelated") == await _find_terms(store, [term, *tokenize("unrelated")])

    async def test_operators_as_words_are_found(self, store: Store) -> None:
        await put(store, make_file("a.py", "this AND that", "near here", "nothing"))
        assert await _find_terms(store, ["and"]) == ["this AND that"]
        assert await _find_terms(store, ["near"]) == ["near here"]

    @pytest.mark.parametrize(
        "word", ["größe", "数据库连接", "Ελληνικά", "naïve_café", "имяФайла", "İstanbul", "한국어"]
    )
    async def test_words_beyond_ascii(self, store: Store, word: str) -> None:
        await put(store, make_file("a.py", f"def {word}(): pass", "ascii only"))
        assert await find(store, word) == [f"def {word}(): pass"]

    async def test_no_terms_find_nothing(self, store: Store) -> None:
        await put(store, make_file("a.py", "text"))
        assert await lexical_hits(store, [], EVERYTHING, 10) == []

    async def test_a_very_long_question(self, store: Store) -> None:
        await put(store, make_file("a.py", "needle"))
        assert await _find_terms(store, [f"term{number}" for number in range(3_000)] + tokenize("needle")) == ["needle"]

    async def test_the_nearest_come_first(self, store: Store) -> None:
        file = make_file("a.py", "north", "east", "north east")
        vectors = dict(zip([c.text_hash for c in file.chunks], [axis(1), axis(0, 1), axis(0.5, 0.5)], strict=True))
        await store.index.upsert_chunks([file], vectors)
        assert await nearest(store, axis(1)) == ["north", "north east", "east"]
        hits = await vector_hits(store, axis(1), EVERYTHING, 3)
        assert [hit.score for hit in hits] == [1.0, 0.5, 0.0]

    async def test_opposite_and_zero_vectors_are_ranked_too(self, store: Store) -> None:
        file = make_file("a.py", "against", "nothing", "for")
        vectors = dict(zip([c.text_hash for c in file.chunks], [axis(-1), axis(), axis(1)], strict=True))
        await store.index.upsert_chunks([file], vectors)
        assert await nearest(store, axis(1)) == ["for", "nothing", "against"]

    async def test_chunks_of_the_same_text_share_a_vector_and_are_all_found(self, store: Store) -> None:
        await put(store, make_file("a.py", "twin"), make_file("b.py", "twin"))
        assert await nearest(store, axis(1)) == ["twin", "twin"]
        assert (await statistics(store)).vectors == 1

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (Filters(), {"py", "go", "md", "test"}),
            (Filters(languages=("python",)), {"py", "test"}),
            (Filters(languages=("python", "go")), {"py", "go", "test"}),
            (Filters(languages=("rust",)), set()),
            (Filters(kinds=("section",)), {"md"}),
            (Filters(kinds=("section", "method")), {"md", "go"}),
            (Filters(paths=("*.py",)), {"py", "test"}),
            (Filters(paths=("*.go", "docs/")), {"go", "md"}),
            (Filters(paths=("!tests/",)), {"py", "go", "md"}),
            (Filters(paths=("*.py", "!tests/")), {"py"}),
            (Filters(paths=("/lib/**",)), {"py", "go"}),
            (Filters(symbols=("acquire",)), {"py", "go"}),
            (Filters(symbols=("Pool.acquire",)), {"py", "go"}),
            (Filters(symbols=("db.Pool.acquire",)), {"py"}),
            (Filters(symbols=("Pool::acquire",)), {"py", "go"}),
            (Filters(symbols=("db/Pool#acquire",)), {"py"}),
            (Filters(symbols=("quire",)), set()),
            (Filters(symbols=("Acquire",)), set()),
            (Filters(symbols=("Usage/Install",)), {"md"}),
            (Filters(symbols=("test_pool", "net.Pool.acquire")), {"go", "test"}),
            (Filters(symbols=("100%",)), set()),
            (Filters(languages=("python",), paths=("tests/",)), {"test"}),
            (Filters(languages=("python", "go"), kinds=("method",), paths=("lib/",), symbols=("acquire",)), {"go"}),
            (Filters(languages=("go",), kinds=("section",)), set()),
        ],
    )
    async def test_filters(self, store: Store, filters: Filters, expected: set[str]) -> None:
        await _put_a_mixture(store)
        words = {"py": "common py", "go": "common go", "md": "common md", "test": "common test"}
        assert set(await find(store, "common", filters)) == {words[name] for name in expected}
        assert set(await nearest(store, axis(1), filters)) == {words[name] for name in expected}

    async def test_filters_are_applied_before_the_limit(self, store: Store) -> None:
        loud = make_file("loud.py", *[f"needle needle needle {number}" for number in range(60)])
        quiet = make_file("quiet.go", f"a needle in {'hay ' * 50}", language="go")
        vectors = {chunk.text_hash: axis(1) for chunk in loud.chunks}
        await put(store, loud, quiet, vectors=vectors | {quiet.chunks[0].text_hash: axis(0, 1)})
        only_go = Filters(languages=("go",))
        assert await find(store, "needle", only_go, limit=1) == [quiet.chunks[0].chunk.text]
        assert await nearest(store, axis(1), only_go, limit=1) == [quiet.chunks[0].chunk.text]

    async def test_a_chunk_comes_back_as_it_was(self, store: Store) -> None:
        prepared = make_chunk(
            "läs/mig.md",
            'text "quoted"\n\ttabbed ✓ 𝄞',
            language="markdown",
            kind="section",
            symbol="Top.Sub",
            signature="## Sub",
            documentation="what\nit is",
            start_line=3,
            end_line=9,
        )
        await put(store, make_file("läs/mig.md", prepared))
        (hit,) = await lexical_hits(store, tokenize("quoted"), EVERYTHING, 1)
        assert await fetch_chunks(store, [hit.row]) == {hit.row: prepared.chunk}
        assert await find_chunk(store, prepared.chunk.id) == prepared.chunk

    async def test_unknown_rows_ids_and_paths(self, store: Store) -> None:
        await put(store, make_file("a.py", "text"))
        assert await fetch_chunks(store, [999_999, -1]) == {}
        assert await fetch_chunks(store, []) == {}
        assert await find_chunk(store, "unknown") is None
        assert await find_files(store, ["unknown.py"]) == {}

    async def test_find_files(self, store: Store) -> None:
        file = make_file("a.py", "text")
        await put(store, file, make_file("b.py", "more"))
        assert await find_files(store, {"a.py", "unknown.py"}) == {"a.py": file.record}

    async def test_statistics(self, store: Store) -> None:
        assert (await statistics(store)).chunks == 0
        await put(store, make_file("a.py", "one", "two"), make_file("b.go", "two", language="go"))
        found = await statistics(store)
        assert (found.files, found.chunks, found.vectors, found.embedded_texts) == (2, 3, 2, 2)
        assert found.languages == {"python": 1, "go": 1}

    async def test_without_embedding_only_words_are_searched(self, make_store: MakeStore) -> None:
        store = make_store(NO_EMBEDDING)
        await store.open()
        try:
            await store.index.upsert_chunks([make_file("a.py", "word")], {})
            assert await find(store, "word") == ["word"]
            assert await vector_hits(store, axis()[:0], EVERYTHING, 10) == []
        finally:
            await store.close()

    async def test_searches_see_whole_transactions(self, store: Store) -> None:
        """Files are replaced by versions of 1 to 9 chunks; a search may see the old or the new, never some of each."""
        await put(store, _version(5))

        async def write() -> None:
            for size in random.Random(7).choices(range(1, 10), k=25):
                await put(store, _version(size))

        async def look(number: int) -> None:
            filters = [EVERYTHING, Filters(paths=("a.py",)), Filters(languages=("python",), kinds=("function",))]
            await asyncio.sleep(number / 500)
            for chosen in filters:
                for hits in (
                    await lexical_hits(store, ["common"], chosen, 100),
                    await vector_hits(store, axis(1), chosen, 100),
                ):
                    chunks = await fetch_chunks(store, [hit.row for hit in hits])
                    assert {chunk.text.split()[1] for chunk in chunks.values()} <= {f"v{len(hits)}"}
                    assert 1 <= len(hits) <= 9

        await asyncio.gather(write(), *[look(number) for number in range(50)])

    async def test_a_cancelled_search_or_write_does_no_harm(self, store: Store) -> None:
        await put(store, make_file("a.py", "before"))
        for _ in range(10):
            tasks = [
                asyncio.create_task(put(store, make_file("b.py", "word", "word"))),
                asyncio.create_task(find(store, "before")),
                asyncio.create_task(nearest(store, axis(1))),
            ]
            await asyncio.sleep(0.001)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await put(store, make_file("b.py", "word", "word"))
        assert sorted(await find(store, "before word")) == ["before", "word", "word"]
        assert len(await nearest(store, axis(1))) == 3


def _version(size: int) -> IndexedFile:
    return make_file("a.py", *[f"common v{size} part{number}" for number in range(size)])


async def _find_terms(store: Store, terms: list[str]) -> list[str]:
    hits = await lexical_hits(store, terms, EVERYTHING, 100)
    chunks = await fetch_chunks(store, [hit.row for hit in hits])
    return [chunks[hit.row].text for hit in hits]


async def _put_a_mixture(store: Store) -> None:
    files = {
        "lib/pool.py": ("common py", {"symbol": "db.Pool.acquire"}),
        "lib/pool.go": ("common go", {"symbol": "net.Pool.acquire", "language": "go", "kind": "method"}),
        "docs/use.md": ("common md", {"symbol": "Usage/Install", "language": "markdown", "kind": "section"}),
        "tests/test_pool.py": ("common test", {"symbol": "test_pool"}),
    }
    for path, (text, fields) in files.items():
        await put(store, make_file(path, make_chunk(path, text, **fields)))
