"""The code graph over HTTP: the same edges on every backend, and nothing made up where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from support.brain import Brain, write_files

FILES = {
    "shop/store.py": '''class Store:
    """Keeps things."""

    def find(self, key):
        return None

    def load(self, key):
        return self.find(key)


class SqlStore(Store):
    def find(self, key):
        return query(key)


def query(key):
    return key
''',
    "shop/service.py": """from shop.store import SqlStore, query as ask


def answer(key):
    store = SqlStore()
    return store.load(key) or ask(key)


def main():
    print(answer(1))
    print(answer(2))
""",
    "web/cart.ts": """import { total as sum } from "./money";

export class Cart {
  price(): number {
    return sum([1, 2]);
  }
}
""",
    "web/money.ts": "export function total(parts: number[]): number {\n  return parts.length;\n}\n",
    "docs/guide.md": "# Guide\n\nCall `answer` to get an answer.\n",
}
Edge = tuple[str, str, str, list[int], str]


@pytest.fixture(scope="module")
async def filled(read_only: Brain) -> Brain:
    write_files(read_only.root, FILES)
    await read_only.index()
    return read_only


async def ask(brain: Brain, relation: str, symbol: str, **more: int) -> dict[str, Any]:
    answer: dict[str, Any] = await brain.call("GET", f"/graph/{relation}", params={"symbol": symbol, **more})
    return answer


def edges(answer: dict[str, Any]) -> list[Edge]:
    """Return what, from where to where, on which lines, how sure."""
    return [
        (
            result["kind"],
            result["source"]["symbol"] if result["source"] else result["path"],
            result["target"]["symbol"],
            result["lines"],
            result["certainty"],
        )
        for result in answer["results"]
    ]


async def test_where_a_symbol_is_defined(filled: Brain) -> None:
    answer = await ask(filled, "definitions", "find")
    found = [(one["path"], one["symbol"], one["start_line"], one["kind"]) for one in answer["definitions"]]
    assert found == [("shop/store.py", "Store.find", 4, "method"), ("shop/store.py", "SqlStore.find", 12, "method")]
    (one,) = (await ask(filled, "definitions", "SqlStore::find"))["definitions"]
    assert one["symbol"] == "SqlStore.find"
    assert one["signature"] == "def find(self, key)"


async def test_who_calls_it_over_files_and_other_names(filled: Brain) -> None:
    assert edges(await ask(filled, "callers", "query")) == [
        ("call", "answer", "query", [6], "sure"),
        ("call", "SqlStore.find", "query", [13], "sure"),
    ]
    assert edges(await ask(filled, "callers", "total")) == [("call", "Cart.price", "total", [5], "sure")]
    assert edges(await ask(filled, "callers", "answer")) == [("call", "main", "answer", [10, 11], "sure")]


async def test_what_it_calls(filled: Brain) -> None:
    found = edges(await ask(filled, "callees", "answer"))
    assert ("call", "answer", "SqlStore", [5], "sure") in found
    assert ("call", "answer", "Store.load", [6], "likely") in found
    assert ("call", "answer", "query", [6], "sure") in found
    assert all(target != "print" for _, _, target, _, _ in edges(await ask(filled, "callees", "main")))


async def test_what_implements_it(filled: Brain) -> None:
    assert ("inherit", "SqlStore", "Store", [11], "sure") in edges(await ask(filled, "implementations", "Store"))
    assert ("override", "SqlStore.find", "Store.find", [12], "sure") in edges(
        await ask(filled, "implementations", "Store.find")
    )


async def test_what_a_change_reaches_over_several_steps(filled: Brain) -> None:
    answer = await ask(filled, "impact", "query", depth=3)
    far = {result["source"]["symbol"]: result for result in answer["results"] if result["source"]}
    assert far["answer"]["depth"] == 1
    assert far["main"]["depth"] == 2
    assert far["main"]["via"] == ["query", "answer"]
    near = await ask(filled, "impact", "query", depth=1)
    assert "main" not in {result["source"]["symbol"] for result in near["results"] if result["source"]}


async def test_nothing_found_says_so(filled: Brain) -> None:
    unknown = await ask(filled, "callers", "no_such_thing")
    assert (unknown["definitions"], unknown["results"]) == ([], [])
    assert unknown["note"] == "No symbol no_such_thing is in the index."
    uncalled = await ask(filled, "callers", "main")
    assert uncalled["results"] == []
    assert "has no callers there" in uncalled["note"]


async def test_limits_are_told(filled: Brain) -> None:
    answer = await ask(filled, "references", "query", limit=1)
    assert len(answer["results"]) == 1
    assert answer["truncated"] is True
    await filled.call("GET", "/graph/callers", 422, params={"symbol": "x", "depth": 99})
    await filled.call("GET", "/graph/nonsense", 422, params={"symbol": "x"})
    await filled.call("GET", "/graph/callers", 422)


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("who calls answer", ["shop/service.py"]),
        ("where is `Cart` defined?", ["web/cart.ts"]),
        ("what does Cart.price call", ["web/money.ts"]),
        ("implementations of Store", ["shop/store.py"]),
        ("Cart", ["web/cart.ts"]),
    ],
)
async def test_the_graph_is_asked_in_words(filled: Brain, question: str, paths: list[str]) -> None:
    body = {"query": question, "mode": "graph", "explain": True}
    answer = await filled.call("POST", "/query", json=body)
    assert [result["path"] for result in answer["results"]] == paths
    assert answer["mode"] == "graph"
    assert answer["note"].startswith("Read as: ")
    assert answer["results"][0]["explain"]["reason"]


@pytest.mark.parametrize("question", ["who calls no_such_thing", "how does it all fit together"])
async def test_mode_graph_never_falls_back(filled: Brain, question: str) -> None:
    answer = await filled.call("POST", "/query", json={"query": question, "mode": "graph"})
    assert answer["results"] == []
    assert answer["note"]


async def test_filters_hold_in_mode_graph(filled: Brain) -> None:
    body = {"query": "who calls query", "mode": "graph", "filters": {"paths": ["service.py"]}}
    answer = await filled.call("POST", "/query", json=body)
    assert [result["path"] for result in answer["results"]] == ["shop/service.py"]


async def test_mode_multi_finds_what_the_best_passage_calls(filled: Brain) -> None:
    answer = await filled.call("POST", "/query", json={"query": "price of a cart", "mode": "multi", "explain": True})
    ranks = {result["path"]: result["explain"]["ranks"] for result in answer["results"]}
    assert answer["mode"] == "multi"
    assert "graph" in ranks["web/money.ts"]


async def test_a_changed_file_leaves_no_edge_behind(filled: Brain) -> None:
    write_files(filled.root, {"shop/late.py": "from shop.store import query\n\n\ndef late():\n    return query(3)\n"})
    await filled.index()
    assert "late" in [source for _, source, *_ in edges(await ask(filled, "callers", "query"))]
    write_files(filled.root, {"shop/late.py": "def late():\n    return 3\n"})
    await filled.index()
    assert "late" not in [source for _, source, *_ in edges(await ask(filled, "callers", "query"))]
    (filled.root / "shop/late.py").unlink()
    await filled.index()
    assert (await ask(filled, "definitions", "late"))["definitions"] == []
