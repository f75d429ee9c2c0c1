"""Fusion is on ranks: scores of different arms are never compared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.search import Hit
from agent_brain_server.retrieval.fusion import fuse, single

ROWS = st.lists(st.integers(1, 50), unique=True, max_size=20)


def hits(rows: list[int]) -> list[Hit]:
    return [Hit(row, 100.0 - place) for place, row in enumerate(rows)]


def test_first_in_both_arms_scores_one() -> None:
    first = fuse({"a": hits([7, 1]), "b": hits([7, 2])})[0]
    assert (first.row, first.score) == (7, 1.0)
    assert first.trace.ranks == {"a": 1, "b": 1}


def test_found_by_both_beats_found_by_one() -> None:
    ranking = fuse({"a": hits([1, 2]), "b": hits([3, 2])})
    assert ranking[0].row == 2


def test_a_weight_moves_an_arm() -> None:
    arms = {"a": hits([1]), "b": hits([2])}
    assert fuse(arms, {"a": 1.0, "b": 2.0})[0].row == 2


def test_single_keeps_the_arms_own_scores() -> None:
    assert [(item.row, item.score) for item in single("a", [Hit(3, 9.5), Hit(1, 2.0)])] == [(3, 9.5), (1, 2.0)]


@given(ROWS, ROWS)
def test_every_hit_is_ranked_once_best_first(a: list[int], b: list[int]) -> None:
    ranking = fuse({"a": hits(a), "b": hits(b)})
    assert sorted(item.row for item in ranking) == sorted({*a, *b})
    scores = [item.score for item in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
