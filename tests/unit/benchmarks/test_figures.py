"""What a figure says of its runs and its limit."""

from __future__ import annotations

import pytest
from benchmarks.figures import Figure, Limit, Reference, percentile
from benchmarks.report import table


@pytest.mark.parametrize(("limit", "verdict"), [(Limit(2), "holds"), (Limit(1), "MISSED"), (None, "")])
def test_the_median_decides(limit: Limit | None, verdict: str) -> None:
    assert Figure("x", "s", (1, 2, 90), limit).verdict == verdict


def test_a_rate_must_be_reached() -> None:
    assert Figure("x", "chunks/s", (2400.0,), Limit(2500, least=True)).verdict == "MISSED"


def test_the_table_shows_the_ratio_to_a_reference_and_what_is_not_installed() -> None:
    references = (Reference("half", 1.0), Reference("rg", None))
    text = table([Figure("search", "s", (2.0,), Limit(1), references, "a note")])
    assert "half 1 (x2); rg: not installed" in text
    assert "search [1]" in text
    assert "[1] a note" in text
    assert text.splitlines()[2].endswith("MISSED")


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.95, 10), (1.0, 10), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile(range(10, 0, -1), share) == value
