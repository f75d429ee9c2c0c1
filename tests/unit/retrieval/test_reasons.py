"""A passage says in words why it has its rank."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.hits import StageTrace
from agent_brain_server.retrieval.ranking.reasons import reason
from unit.retrieval.passages import passage


def said(factors: dict[str, float], path: str = "src/pool.py", text: str = "") -> list[str]:
    trace = StageTrace({"bm25": 3, "vector": 1}, {"bm25": 12.5, "vector": 0.4, **factors})
    return reason(trace, passage(text, path)).split(" · ")


def test_what_found_it_comes_first() -> None:
    assert said({}) == ["bm25 #3", "vector #1"]
    assert said({"coverage": 1.5})[:2] == ["bm25 #3", "vector #1"]


@pytest.mark.parametrize(
    "step", ["coverage", "definition", "named", "path", "coherence", "whole", "repetition", "role"]
)
def test_every_step_has_a_word_for_what_it_did(step: str) -> None:
    factor = 0.5 if step in ("whole", "repetition", "role") else 1.5
    assert len(said({step: factor})) == 3
    assert said({step: factor})[2].endswith(f"(x{factor:.2f})")


def test_the_strongest_factor_is_told_first_and_a_weak_one_not_at_all() -> None:
    parts = said({"named": 1.1, "whole": 0.7, "definition": 1.5, "path": 1.01})
    assert [part.rpartition("(")[2] for part in parts[2:]] == ["x1.50)", "x0.70)", "x1.10)"]


def test_a_step_without_words_is_left_out() -> None:
    assert said({"unknown": 2.0}) == ["bm25 #3", "vector #1"]


def test_a_role_is_named() -> None:
    assert "is test text (x0.30)" in said({"role": 0.3}, "tests/test_pool.py")


def test_machine_made_text_is_called_so_whatever_its_path_says() -> None:
    assert "is generated text (x0.60)" in said({"role": 0.6}, "src/pool.js", "x" * 10_000)


def test_a_graph_hit_is_told_like_any_other() -> None:
    assert reason(StageTrace({"graph": 2}, {"graph": 0.7}), passage()) == "graph #2"


def test_without_a_trace_there_is_nothing_to_say() -> None:
    assert reason(StageTrace({}, {}), passage()) == ""
