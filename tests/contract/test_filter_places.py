"""A path filter may be written as a place, and a symbol that nothing has is said."""

from __future__ import annotations

from typing import Any

import pytest

from support.brain import Brain, write_files

FILES = {
    "src/a.py": "def greeting_a():\n    return 1\n",
    "lib/src/b.py": "class Greeter:\n    def greeting_b(self):\n        return 2\n",
    "src/[id]/c.py": "def greeting_c():\n    return 3\n",
    "src/i/d.py": "def greeting_d():\n    return 4\n",
    "guide.md": "# Greeting guide\n\nHow a greeting is made.\n",
}
UNDER_SRC = {"src/a.py", "src/[id]/c.py", "src/i/d.py"}


@pytest.fixture(scope="module")
async def filled(read_only: Brain) -> Brain:
    write_files(read_only.root, FILES)
    await read_only.index()
    return read_only


async def ask(brain: Brain, **filters: Any) -> dict[str, Any]:
    body = {"query": "greeting a b c d guide", "mode": "bm25", "top_k": 50, "filters": filters}
    answer: dict[str, Any] = await brain.call("POST", "/query", json=body)
    return answer


async def found(brain: Brain, *paths: str) -> set[str]:
    return {passage["path"] for passage in (await ask(brain, paths=list(paths)))["results"]}


@pytest.mark.parametrize(
    "written", ["./src", "./src/", "{root}/src", "{root}/src/", "/src", "./src/**", "{root}/src/**"]
)
async def test_a_place_means_that_place_alone(filled: Brain, written: str) -> None:
    assert await found(filled, written.format(root=filled.root)) == UNDER_SRC
    assert await found(filled, "!" + written.format(root=filled.root)) == FILES.keys() - UNDER_SRC


@pytest.mark.parametrize("written", [".", "./", "{root}", "{root}/"])
async def test_the_project_itself_is_all_of_it(filled: Brain, written: str) -> None:
    assert await found(filled, written.format(root=filled.root)) == FILES.keys()


@pytest.mark.parametrize("written", ["./src/[id]/c.py", "{root}/src/[id]/c.py", "src/[id]/c.py"])
async def test_a_path_as_it_is_printed_comes_first(filled: Brain, written: str) -> None:
    assert await found(filled, written.format(root=filled.root)) == {"src/[id]/c.py"}


@pytest.mark.parametrize("written", ["src/", "src"])
async def test_without_a_place_it_is_at_any_depth(filled: Brain, written: str) -> None:
    assert await found(filled, written) == UNDER_SRC | {"lib/src/b.py"}


@pytest.mark.parametrize("symbols", [["nosuch"], ["Greeter.nosuch", "other::none"], ["the"]])
async def test_a_symbol_that_nothing_has_is_said(filled: Brain, symbols: list[str]) -> None:
    answer = await ask(filled, symbols=symbols)
    assert (answer["results"], answer["note"]) == ([], f"The index has no symbol {', '.join(symbols)}.")


@pytest.mark.parametrize("symbols", [["Greeter"], ["greeting_a", "nosuch"], ["Greeting guide"]])
async def test_a_symbol_that_something_has_is_not_said_to_be_none(filled: Brain, symbols: list[str]) -> None:
    answer = await ask(filled, symbols=symbols, languages=["typescript"])
    assert "symbol" not in answer.get("note", "")
    assert (await ask(filled, symbols=symbols))["results"]
