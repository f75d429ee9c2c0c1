"""An answer holds no passage twice and no more text than was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.retrieval.packing.pack import (
    CHARACTERS_PER_TOKEN,
    RankedPassage,
    count_tokens,
    drop_repeats,
    outline,
    pack,
)
from unit.retrieval.passages import found, passage, rows

PASSAGES = st.lists(st.tuples(st.text("ab\n", max_size=200), st.sampled_from(["function", "block"])), max_size=10)


def blocks(*texts: str) -> list[RankedPassage]:
    return found(*(passage(text, f"f{row}.py", 10, kind="block") for row, text in enumerate(texts)))


def test_the_better_of_two_equal_passages_stays() -> None:
    assert rows(drop_repeats(blocks("a\n", "b", "\na", "c"), 2)) == [0, 1]


def test_without_a_bound_all_fit() -> None:
    items = blocks("a" * 1000, "b")
    assert pack(items, None) == (items, False)


def test_nothing_packs_to_nothing() -> None:
    assert pack([], 10) == ([], False)


def test_a_passage_that_does_not_fit_is_passed_over() -> None:
    packed, truncated = pack(blocks("a" * 8, "b" * 400, "c" * 8), 4)
    assert rows(packed) == [0, 2]
    assert truncated


def test_whole_symbols_are_taken_before_lines_without_a_name_and_stand_where_they_stood() -> None:
    block, symbol, last = "block", "function", "section"
    items = found(*(passage("x" * 40, f"{row}.py", kind=kind) for row, kind in enumerate([block, symbol, block, last])))
    assert [rows(pack(items, tokens)[0]) for tokens in (10, 20, 30, 40)] == [[1], [1, 3], [0, 1, 3], [0, 1, 2, 3]]


def test_if_none_fits_the_best_is_cut_at_a_line() -> None:
    packed, truncated = pack(blocks("one\ntwo\nthree" + "x" * 100), 3)
    assert packed[0].chunk.text == "one\ntwo"
    assert (packed[0].chunk.start_line, packed[0].chunk.end_line) == (10, 11)
    assert truncated


def test_a_line_that_ends_at_the_bound_is_kept_whole() -> None:
    assert pack(blocks("abc\ndefg\n" + "x" * 100), 2)[0][0].chunk.text == "abc\ndefg"


@pytest.mark.parametrize(
    ("signature", "documentation", "text", "expected"),
    [
        ("def f(x):", "Does it.\n\nIn full.", "def f(x):\n    return 1", "def f(x):\n    Does it."),
        ("def f(x):", "", "def f(x):\n    return 1", "def f(x):"),
        ("", "", "\n  x = 1  \ny = 2", "  x = 1"),
        ("", "Why.", "x = 1", "x = 1\n    Why."),
        ("## Retries", "Retries", "## Retries\ntext", "## Retries"),
        ("", "", "", ""),
    ],
)
def test_an_outline_is_the_signature_and_the_first_line_of_what_is_said(
    signature: str, documentation: str, text: str, expected: str
) -> None:
    whole = passage(text, "a.py", 5, signature=signature, documentation=documentation)
    assert [item.chunk for item in outline(found(whole))] == [whole._replace(text=expected)]


@given(PASSAGES, st.integers(1, 100))
def test_the_budget_is_never_exceeded_and_nothing_is_left_that_would_fit(
    passages: list[tuple[str, str]], budget: int
) -> None:
    items = found(*(passage(text, f"{row}.py", kind=kind) for row, (text, kind) in enumerate(passages)))
    packed, truncated = pack(items, budget)
    used = sum(count_tokens(item.chunk.text) for item in packed)
    assert used <= budget
    assert rows(packed) == sorted(rows(packed))
    assert truncated == (packed != items)
    left = [item for item in items if item.ranked.row not in rows(packed)]
    assert all(used + count_tokens(item.chunk.text) > budget for item in left)


@given(st.text("ab\n", min_size=1, max_size=300), st.integers(1, 20))
def test_what_is_cut_is_the_beginning_and_cites_its_own_lines(text: str, budget: int) -> None:
    packed, _ = pack(blocks(text), budget)
    chunk = packed[0].chunk
    assert text.startswith(chunk.text)
    assert chunk.text.count("\n") == chunk.end_line - chunk.start_line
    assert len(chunk.text) <= budget * CHARACTERS_PER_TOKEN
