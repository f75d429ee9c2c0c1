"""When two rankings count as the same answer."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.hits import Hit
from agent_brain_server.services.copying.verify import same_answers


def hits(**scores: float) -> list[Hit]:
    return [Hit(int(row[1:]), score) for row, score in scores.items()]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([], [], True),
        (hits(r1=2.0, r2=1.0), hits(r1=2.0, r2=1.0), True),
        (hits(r1=2.0, r2=1.0), hits(r2=1.0, r1=2.0), True),
        (hits(r1=2.0, r2=1.0), hits(r1=2.0, r3=1.0), True),
        (hits(r1=2.0, r2=1.0), hits(r1=2.00001, r3=0.99999), True),
        (hits(r1=-1.0, r2=-2.0), hits(r1=-1.0, r3=-2.0), True),
        (hits(r1=2.0, r2=1.5), hits(r1=2.0, r3=1.0), False),
        (hits(r1=2.0, r2=1.0), hits(r1=2.0, r3=1.5), False),
        (hits(r1=2.0, r2=1.0), hits(r2=1.0, r3=1.0), False),
        (hits(r1=2.0), hits(r1=2.0, r2=1.0), False),
        (hits(r1=2.0), [], False),
    ],
)
def test_only_ties_at_the_end_may_differ(one: list[Hit], other: list[Hit], same: bool) -> None:
    assert same_answers(one, other) == same
    assert same_answers(other, one) == same
