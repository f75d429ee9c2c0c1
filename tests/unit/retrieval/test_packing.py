"""An answer holds no passage twice and no more text than was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.search import StageTrace
from agent_brain_server.retrieval.fusion import Ranked
from agent_brain_server.retrieval.packing import Found, count_tokens, drop_repeats, pack


def found(*texts: str) -> list[Found]:
    return [
        Found(
            Ranked(row, 1.0, StageTrace()),
            Chunk(str(row), f"f{row}.py", 10, 10 + text.count("\n"), "python", "block", "", "", "", text),
        )
        for row, text in enumerate(texts)
    ]


def test_the_better_of_two_equal_passages_stays() -> None:
    assert [item.ranked.row for item in drop_repeats(found("a\n", "b", "\na"))] == [0, 1]


def test_without_a_bound_all_fit() -> None:
    assert pack(found("a" * 1000, "b"), None)[1] is False


def test_a_passage_that_does_not_fit_is_passed_over() -> None:
    packed, truncated = pack(found("a" * 8, "b" * 400, "c" * 8), 4)
    assert [item.ranked.row for item in packed] == [0, 2]
    assert truncated


def test_if_none_fits_the_best_is_cut_at_a_line() -> None:
    packed, truncated = pack(found("one\ntwo\nthree" + "x" * 100), 3)
    assert packed[0].chunk.text == "one\ntwo"
    assert (packed[0].chunk.start_line, packed[0].chunk.end_line) == (10, 11)
    assert truncated


@given(st.lists(st.text(max_size=200), max_size=10), st.integers(1, 100))
def test_the_budget_is_never_exceeded(texts: list[str], budget: int) -> None:
    packed, truncated = pack(found(*texts), budget)
    assert sum(count_tokens(item.chunk.text) for item in packed) <= budget
    assert truncated == ([item.chunk.text for item in packed] != texts)
