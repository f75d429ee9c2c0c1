"""Each step raises or lowers what it says, and nothing else."""

from __future__ import annotations

from math import exp, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import Hit, StageTrace
from agent_brain_server.retrieval.ranking import steps
from agent_brain_server.retrieval.ranking.fusion import Ranked, single
from agent_brain_server.retrieval.ranking.query import understand
from agent_brain_server.retrieval.ranking.steps import ROLES, STEPS, fused, rank
from unit.retrieval.passages import passage

LINES = "x = 1\n" * 9
CHUNKS = st.lists(
    st.builds(
        passage,
        st.sampled_from(["", "retry\n" * 5, LINES, "x" * 9_999]),
        st.sampled_from(["src/retry.py", "tests/test_retry.py", "README.md", "a.py", ""]),
        kind=st.sampled_from(["function", "block"]),
        symbol=st.sampled_from(["", "RetryPolicy", "RetryPolicy.next_delay", "+", "größe"]),
    ),
    max_size=12,
)
QUESTIONS = st.sampled_from(
    ["", "retry policy", "RetryPolicy.next_delay", "tests in src/retry.py", "+", "why is it slow"]
)


def factors(step: str, question: str, *chunks: Chunk, scores: list[float] | None = None) -> list[float]:
    return STEPS[step](understand(question), chunks, scores or [1.0] * len(chunks))


def factor(step: str, question: str, chunk: Chunk) -> float:
    """Return the factor of a chunk, next to one that the step does not change."""
    changed, unchanged = factors(step, question, chunk, passage(LINES, "other/y.py"))
    assert unchanged == 1.0
    return changed


def ranked(scores: list[float]) -> list[Ranked]:
    return single("bm25", [Hit(row, score) for row, score in enumerate(scores)])


@pytest.mark.parametrize("step", [step for step in STEPS if step != "coherence"])
def test_a_step_without_an_opinion_changes_nothing(step: str) -> None:
    assert factors(step, "zebra", passage(LINES, "a/y.py"), passage(LINES, "b/y.py")) == [1.0, 1.0]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_has_nothing_to_say_of_no_candidates(step: str) -> None:
    assert factors(step, "retry policy") == []


# coverage


def test_coverage_raises_what_holds_more_of_the_words() -> None:
    both, one, none = factors(
        "coverage", "retry policies", passage("the retry policy"), passage("a retry"), passage("nothing")
    )
    assert pytest.approx(both) == 1 + steps.COVERAGE
    assert both > one > none == 1.0


def test_coverage_counts_a_rare_word_above_one_that_all_hold() -> None:
    common, rare, _ = factors("coverage", "retry zebra", passage("retry"), passage("zebra"), passage("retry"))
    assert rare > common


@pytest.mark.parametrize("chunk", [passage("", "src/zebra.py"), passage(symbol="Zebra.run"), passage("ZEBRA")])
def test_coverage_looks_at_text_symbol_and_path(chunk: Chunk) -> None:
    assert factor("coverage", "zebra", chunk) > 1


@pytest.mark.parametrize("word", ["retries", "queries", "copied", "scheduling", "sizes"])
def test_coverage_knows_a_word_in_the_form_that_was_asked(word: str) -> None:
    assert factor("coverage", f"how are {word} handled", passage(f"here {word} are")) > 1


# definition


@pytest.mark.parametrize("symbol", ["RetryPolicy.next_delay", "app.RetryPolicy.nextDelay"])
def test_definition_raises_what_defines_a_name_that_was_asked_for(symbol: str) -> None:
    assert factor("definition", "RetryPolicy.next_delay", passage(LINES, symbol=symbol)) == 1 + steps.DEFINITION


def test_definition_raises_less_where_only_the_last_part_is_the_same() -> None:
    assert 1 < factor("definition", "RetryPolicy.next_delay", passage(LINES, symbol="Other.next_delay")) < 1.5


@pytest.mark.parametrize(
    "chunk",
    [
        passage("next_delay()"),
        passage(symbol="next_delay_of"),
        passage(symbol="next_delay", kind="block"),
        passage(symbol="next_delay.inner"),
    ],
)
def test_definition_leaves_what_only_uses_or_resembles_it(chunk: Chunk) -> None:
    assert factor("definition", "next_delay", chunk) == 1.0


# named and path


def test_named_raises_with_the_share_of_the_name_that_the_question_says() -> None:
    names = ["Pool.next_retry_delay", "Pool.next_retry_in_hours", "Pool.retry_elsewhere_at_night", "Pool.close"]
    all_, most, one, none = factors(
        "named", "delay before the next retry", *(passage(LINES, symbol=name) for name in names)
    )
    assert all_ > most > one > none == 1.0
    assert all_ <= 1 + steps.NAMED


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("what is in src/app.py", "src/app.py"),
        ("what is in app.py", "src/app.py"),
        ("what is in App.py", "src/APP.py"),
        ("overview of src/pool/", "lib/src/pool/x.py"),
        ("what does ./scripts/run.sh do", "scripts/run.sh"),
    ],
)
def test_path_raises_a_file_or_folder_that_is_named(question: str, path: str) -> None:
    assert factor("path", question, passage(LINES, path)) >= 1 + steps.FILE_NAMED


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("what is in app.py", "src/myapp.py"),
        ("what is in src/app.py", "lib/app.py"),
        ("overview of src/", "mysrc/x.py"),
    ],
)
def test_path_leaves_a_file_that_only_ends_alike(question: str, path: str) -> None:
    assert factor("path", question, passage(LINES, path)) < 1 + steps.FILE_NAMED


# role


@pytest.mark.parametrize(
    ("path", "role", "word"),
    [
        ("tests/test_a.py", "test", "tests"),
        ("examples/a.py", "example", "examples"),
        ("a_pb2.py", "generated", "generated"),
        ("vendor/a.py", "vendored", "vendored"),
        ("a.pyi", "declaration", "stubs"),
        ("CHANGELOG.md", "history", "changelog"),
    ],
)
def test_role_lowers_a_file_unless_its_kind_is_asked_for(path: str, role: str, word: str) -> None:
    chunk = passage(LINES, path)
    assert factor("role", "the pool", chunk) == ROLES[role] < 1  # type: ignore[index]
    assert factor("role", f"{word} of the pool", chunk) == 1.0


def test_role_lowers_machine_made_text_wherever_it_stands() -> None:
    assert factor("role", "pool", passage("x" * 9_999, "src/a.js")) == ROLES["generated"]


def test_role_takes_a_long_line_of_a_document_for_a_paragraph() -> None:
    paragraphs = "\n\n".join(["A paragraph that its author has not wrapped. " * 20] * 3)
    assert factor("role", "pool", passage(paragraphs, "README.md", kind="section")) == ROLES["document"]


# whole, coherence, repetition


@pytest.mark.parametrize(
    ("kind", "lines", "expected"),
    [
        ("function", 10, 1.0),
        ("section", 10, 1.0),
        ("block", 10, steps.WITHOUT_NAME),
        ("function", 1, steps.SCRAP),
        ("block", 1, steps.WITHOUT_NAME * steps.SCRAP),
    ],
)
def test_whole_lowers_scraps_and_lines_without_a_name(kind: str, lines: int, expected: float) -> None:
    assert factor("whole", "pool", passage("x\n" * (lines - 1), kind=kind)) == pytest.approx(expected)


def test_coherence_raises_all_of_a_file_of_which_more_was_found() -> None:
    chunks = [passage(path=path) for path in ("a.py", "a.py", "b.py")]
    first, second, other = factors("coherence", "pool", *chunks, scores=[0.5, 0.3, 0.4])
    assert first == second == 1 + steps.COHERENCE > other > 1.0


def test_repetition_lowers_each_further_passage_of_a_file_by_the_order_of_their_scores() -> None:
    chunks = [passage(path=path) for path in ("a.py", "a.py", "b.py", "a.py")]
    once = steps.REPETITION
    assert factors("repetition", "pool", *chunks, scores=[0.1, 0.3, 0.2, 0.2]) == [once**2, 1.0, 1.0, once]


# all of them


def test_arms_are_weighted_by_the_shape_of_the_question() -> None:
    retrieved = {"bm25": [Hit(1, 5.0)], "vector": [Hit(2, 0.5)]}
    scores = {item.row: item.score for item in fused(understand("retry policy"), retrieved)}
    assert scores[2] == pytest.approx(steps.VECTOR_WEIGHTS["words"])
    assert sum(scores.values()) == pytest.approx(1.0)


def test_one_arm_alone_counts_in_full() -> None:
    assert fused(understand("retry policy"), {"bm25": [Hit(1, 5.0)]})[0].score == pytest.approx(1.0)


def test_a_third_arm_brings_its_own() -> None:
    retrieved = {"bm25": [Hit(1, 5.0)], "vector": [Hit(1, 0.5)], "graph": [Hit(2, 1.0)]}
    assert [item.row for item in fused(understand("retry policy"), retrieved)] == [1, 2]


def test_candidates_are_bounded() -> None:
    hits = [Hit(row, 1_000.0 - row) for row in range(500)]
    assert len(fused(understand("retry"), {"bm25": hits}, 60)) == 60


def test_scores_are_the_product_of_all_factors_without_an_upper_bound_pressed_below_one() -> None:
    steps = {"twice": lambda *_: [2.0, 1.0], "half": lambda *_: [0.5, 0.5]}
    chunks = {0: passage(), 1: passage()}
    result = list(rank(understand("x"), ranked([0.5, 0.25]), chunks, steps))
    assert [item.score for item in result] == pytest.approx([1 - exp(-0.5), 1 - exp(-0.125)])


def test_a_step_sees_the_scores_after_those_before_it() -> None:
    seen: list[list[float]] = []
    steps = {"twice": lambda *_: [2.0], "look": lambda _query, _chunks, scores: seen.append(list(scores)) or [1.0]}
    list(rank(understand("x"), ranked([0.5]), {0: passage()}, steps))
    assert seen == [[1.0]]


def test_the_trace_holds_the_factors_that_did_something_beside_the_arms() -> None:
    steps = {"twice": lambda *_: [2.0, 1.0]}
    first, second = list(rank(understand("x"), ranked([0.5, 0.25]), {0: passage(), 1: passage()}, steps))
    assert first.trace == StageTrace({"bm25": 1}, {"bm25": 0.5, "twice": 2.0})
    assert second.trace == StageTrace({"bm25": 2}, {"bm25": 0.25})


def test_a_candidate_without_a_chunk_is_left_out() -> None:
    result = list(rank(understand("x"), ranked([0.9, 0.5]), {1: passage()}, STEPS))
    assert [item.row for item in result] == [1]


def test_equal_candidates_keep_their_order() -> None:
    chunks = {row: passage(LINES, f"{row}.py") for row in range(5)}
    candidates = [Ranked(row, 0.5, StageTrace({}, {})) for row in (3, 1, 4, 0, 2)]
    assert [item.row for item in rank(understand("x"), candidates, chunks, STEPS)] == [3, 1, 4, 0, 2]


@given(QUESTIONS, CHUNKS, st.data())
def test_every_candidate_is_ranked_once_best_first_between_zero_and_one(
    question: str, chunks: list[Chunk], data: st.DataObject
) -> None:
    scores = data.draw(st.lists(st.floats(0.001, 1), min_size=len(chunks), max_size=len(chunks)))
    result = list(rank(understand(question), ranked(scores), dict(enumerate(chunks)), STEPS))
    assert sorted(item.row for item in result) == list(range(len(chunks)))
    shown = [item.score for item in result]
    assert shown == sorted(shown, reverse=True)
    assert all(0 < score < 1 for score in shown)


@given(QUESTIONS, CHUNKS, st.sampled_from(list(STEPS)))
def test_every_step_gives_a_factor_for_each_candidate_by_its_own_place(
    question: str, chunks: list[Chunk], step: str
) -> None:
    scores = [1 / (2 + row) for row in range(len(chunks))]
    changed = factors(step, question, *chunks, scores=scores)
    assert len(changed) == len(chunks)
    assert all(isfinite(factor) and factor > 0 for factor in changed)
    turned = factors(step, question, *reversed(chunks), scores=scores[::-1])
    assert turned[::-1] == pytest.approx(changed)
