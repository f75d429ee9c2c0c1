"""The questions are as many and as various as they are said to be, and an answer is worth what it should be."""

from __future__ import annotations

from collections import Counter

import pytest
from benchmarks.graph.sites import LANGUAGES, read_sites
from benchmarks.retrieval.packages import read_packages
from benchmarks.retrieval.questions import KINDS, Span, read_questions
from benchmarks.retrieval.scoring import Passage, file_gain, passage_gain, tokens_to_first

ANSWERS = (Span("a.py", 10, 20), Span("a.py", 30, 40), Span("b.py", 1, 5))


def passages(*places: tuple[str, int, int]) -> list[Passage]:
    return [Passage(Span(*place), 100) for place in places]


def test_the_questions() -> None:
    packages = read_packages()
    questions = read_questions(packages)
    assert len(packages) == 31
    assert len(questions) == 545
    assert {question.kind for question in questions} == set(KINDS)
    assert len({question.language for question in questions}) >= 16
    assert {package.half for package in packages} == {"development", "test"}
    assert not [question.text for question in questions if not question.answers]
    assert not [span for question in questions for span in question.answers if not 1 <= span.first <= span.last]
    assert len({(question.package.name, question.text) for question in questions}) == len(questions)


def test_the_call_sites() -> None:
    assert Counter(site.language for site in read_sites("seen")) == dict.fromkeys(LANGUAGES, 40)
    assert Counter(site.language for site in read_sites("unseen")) == dict.fromkeys(LANGUAGES, 20)


@pytest.mark.parametrize(
    ("results", "passage", "file"),
    [
        ([], 0.0, 0.0),
        ([("c.py", 1, 9)], 0.0, 0.0),
        ([("a.py", 15, 15), ("a.py", 40, 50), ("b.py", 5, 9)], 1.0, (1 + 0.5) / (1 + 0.6309)),
        ([("a.py", 21, 29), ("b.py", 1, 1)], 0.6309 / 2.1309, 1.0),
        ([("a.py", 10, 11), ("a.py", 12, 13)], 1 / 2.1309, 1 / 1.6309),
        ([("a.py", 1, 99)], 1 / 2.1309, 1 / 1.6309),
    ],
)
def test_what_an_answer_is_worth(results: list[tuple[str, int, int]], passage: float, file: float) -> None:
    assert passage_gain(passages(*results), ANSWERS) == pytest.approx(passage, abs=1e-3)
    assert file_gain(passages(*results), ANSWERS) == pytest.approx(file, abs=1e-3)


def test_the_eleventh_result_is_worth_nothing() -> None:
    results = passages(*[("c.py", 1, 1)] * 10, ("a.py", 10, 20))
    assert passage_gain(results, ANSWERS) == 0
    assert tokens_to_first(results, ANSWERS) is None


def test_what_is_read_until_an_answer_is_seen() -> None:
    assert tokens_to_first(passages(("c.py", 1, 1), ("b.py", 5, 6), ("a.py", 10, 20)), ANSWERS) == 200
