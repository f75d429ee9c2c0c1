"""Fusion is on scores, each a share of its retriever's best: how far apart a retriever ranks two chunks is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.hits import Hit
from agent_brain_server.retrieval.ranking.fusion import fuse, single

SCORES = st.dictionaries(st.integers(1, 50), st.floats(0.001, 1_000), max_size=20)


def hits(scores: dict[int, float]) -> list[Hit]:
    return sorted((Hit(row, score) for row, score in scores.items()), key=lambda hit: (-hit.score, hit.row))


def test_first_in_both_arms_scores_one() -> None:
    first = fuse({"a": hits({7: 12.0, 1: 3.0}), "b": hits({7: 0.5, 2: 0.1})})[0]
    assert (first.row, first.score) == (7, pytest.approx(1.0))
    assert (first.trace.ranks, first.trace.scores) == ({"a": 1, "b": 1}, {"a": 12.0, "b": 0.5})


def test_found_by_both_beats_found_by_one() -> None:
    assert fuse({"a": hits({1: 9.0, 2: 8.0}), "b": hits({3: 9.0, 2: 8.0})})[0].row == 2


def test_a_score_far_ahead_beats_two_that_are_far_behind() -> None:
    assert fuse({"a": hits({1: 9.0, 2: 1.0}), "b": hits({3: 9.0, 2: 1.0})})[-1].row == 2


def test_a_weight_moves_an_arm() -> None:
    retrieved = {"a": hits({1: 1.0}), "b": hits({2: 1.0})}
    assert [item.score for item in fuse(retrieved, {"a": 1.0, "b": 3.0})] == [0.75, 0.25]


def test_equal_scores_are_ordered_by_the_best_rank_then_by_row() -> None:
    ranking = fuse({"a": [Hit(9, 1.0), Hit(1, 1.0)], "b": [Hit(3, 1.0)]})
    assert [item.row for item in ranking] == [3, 9, 1]


def test_what_an_arm_finds_unlike_counts_nothing() -> None:
    ranking = fuse({"a": hits({1: 0.5, 2: -0.5})})
    assert [(item.row, item.score) for item in ranking] == [(1, 1.0), (2, 0.0)]


def test_an_arm_that_finds_nothing_leaves_the_order_of_the_others() -> None:
    assert [item.row for item in fuse({"a": hits({1: 2.0, 2: 1.0}), "b": []})] == [1, 2]
    assert fuse({"a": []}) == fuse({}) == []


def test_single_keeps_the_arms_own_scores() -> None:
    assert [(item.row, item.score) for item in single("a", [Hit(3, 9.5), Hit(1, 2.0)])] == [(3, 9.5), (1, 2.0)]


@given(SCORES, SCORES)
def test_every_hit_is_ranked_once_best_first(a: dict[int, float], b: dict[int, float]) -> None:
    ranking = fuse({"a": hits(a), "b": hits(b)})
    assert sorted(item.row for item in ranking) == sorted({*a, *b})
    scores = [item.score for item in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 + 1e-9 for score in scores)


@given(SCORES, SCORES, st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_scale_of_an_arm_does_not_matter(a: dict[int, float], b: dict[int, float], scale: float) -> None:
    scaled = {row: score * scale for row, score in a.items()}
    one, other = fuse({"a": hits(a), "b": hits(b)}), fuse({"a": hits(scaled), "b": hits(b)})
    assert {item.row: item.score for item in one} == pytest.approx({item.row: item.score for item in other})
