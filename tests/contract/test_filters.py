"""Filters of a question: paths as answers print them, and names that nothing in the index has."""

from __future__ import annotations

from typing import Any

import pytest

from support.brain import Brain, write_files

ODD = ("app/[id]/page.tsx", "app/(auth)/[[...x]]/page.tsx", "odd*name?.py", "bs\\x/k.py")
OTHERS = ("app/i/page.tsx", "app/(auth)/x/page.tsx", "oddXnameY.py", "bsx/k.py")


@pytest.fixture(scope="module")
async def filled(read_only: Brain) -> Brain:
    write_files(read_only.root, {path: f"// greeting {number}\n" for number, path in enumerate((*ODD, *OTHERS))})
    await read_only.index()
    return read_only


async def ask(brain: Brain, **filters: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await brain.call("POST", "/query", json={"query": "greeting", "filters": filters})
    return answer


@pytest.mark.parametrize("path", ODD)
@pytest.mark.parametrize("before", ["", "/"])
async def test_a_path_as_it_is_printed_means_that_file_alone(filled: Brain, path: str, before: str) -> None:
    assert [found["path"] for found in (await ask(filled, paths=[before + path]))["results"]] == [path]


@pytest.mark.parametrize("path", ODD)
async def test_such_a_path_is_left_out_alone(filled: Brain, path: str) -> None:
    found = {passage["path"] for passage in (await ask(filled, paths=[f"!{path}"]))["results"]}
    assert found == {*ODD, *OTHERS} - {path}


async def test_other_globs_mean_what_they_did(filled: Brain) -> None:
    found = {passage["path"] for passage in (await ask(filled, paths=["app/[a-z]/page.tsx"]))["results"]}
    assert found == {"app/i/page.tsx"}


@pytest.mark.parametrize(
    ("filters", "sentences"),
    [
        ({"languages": ["pyton"]}, ["The index has no language pyton; it has python, typescript."]),
        ({"kinds": ["func"]}, ["The index has no kind func; it has", "class", "function"]),
        ({"paths": ["srcc/", "*.zig"]}, ["No indexed file matches srcc/, *.zig."]),
        (
            {"paths": ["*.zig"], "languages": ["zig"]},
            ["The index has no language zig", "No indexed file matches *.zig."],
        ),
    ],
)
async def test_what_nothing_in_the_index_has_is_said(
    filled: Brain, filters: dict[str, list[str]], sentences: list[str]
) -> None:
    answer = await ask(filled, **filters)
    assert answer["results"] == []
    assert [sentence for sentence in sentences if sentence not in answer["note"]] == []


async def test_where_some_of_the_names_are_known_nothing_is_said(filled: Brain) -> None:
    assert "note" not in await ask(filled, languages=["python", "pyton"], kinds=["enum"])
