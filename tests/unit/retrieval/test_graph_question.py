"""A question names a relation and a symbol, or is none for the graph."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.retrieval.code_graph.question import GraphQuestion, plain_symbol, read_question

LONG = 16_384
PHRASES = {
    "callers": [
        "who calls NAME",
        "what calls NAME?",
        "Which functions call NAME",
        "what functions call NAME",
        "who invokes the method NAME",
        "what calls NAME()",
        "callers of NAME",
        "show me all calls to `NAME`",
        "where is NAME called",
        "where is NAME() called from",
        "where is 'NAME' invoked?",
    ],
    "callees": [
        "what does NAME call",
        "what does the function NAME call?",
        "which functions does NAME() use",
        "callees of NAME",
        "calls made by NAME",
    ],
    "implementations": [
        "implementations of NAME",
        "subclasses of NAME",
        "what implements NAME",
        "which classes extend the interface NAME",
        "who inherits from NAME",
        "which methods override NAME",
    ],
    "impact": [
        "impact of changing NAME",
        "what is the effect of a change to NAME",
        "what is affected if I change NAME",
        "what is affected by changing NAME",
        "who is impacted by NAME",
        "what breaks if I change NAME",
        "what depends on NAME",
    ],
    "references": [
        "references to NAME",
        "usages of NAME",
        "who uses NAME",
        "which modules import NAME",
        "where is NAME used",
        "where is the class NAME imported",
    ],
    "definitions": [
        "where is NAME defined",
        "where are NAME declared?",
        "definition of NAME",
        "the declaration of the struct NAME",
        "how does NAME work",
        "explain NAME.",
        "NAME",
    ],
}


@pytest.mark.parametrize(
    ("relation", "phrase"), [(relation, phrase) for relation, phrases in PHRASES.items() for phrase in phrases]
)
@pytest.mark.parametrize("name", ["next_delay", "RetryPolicy.next_delay", "RetryPolicy"])
def test_phrases(relation: str, phrase: str, name: str) -> None:
    assert read_question(phrase.replace("NAME", name)) == GraphQuestion(relation, name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["who calls Pool::take", "who calls Pool#take", "who calls Pool->take?", "WHO CALLS Pool/take"]
)
def test_the_parts_of_a_symbol_are_told_apart_in_every_notation(text: str) -> None:
    assert read_question(text) == GraphQuestion("callers", "Pool.take")


@pytest.mark.parametrize(
    "text",
    [
        "how does RetryPolicy, the class, wait",
        "RetryPolicy: how does it wait",
        "(RetryPolicy)",
        "the `RetryPolicy` wait",
        "waiting in RetryPolicy()",
        "what RetryPolicy(attempts) does when it waits",
    ],
)
def test_a_bare_name_asks_where_it_is_defined_whatever_stands_around_it(text: str) -> None:
    assert read_question(text) == GraphQuestion("definitions", "RetryPolicy")


def test_the_first_of_several_names_is_asked_for() -> None:
    assert read_question("how does next_delay differ from RetryPolicy") == GraphQuestion("definitions", "next_delay")


@pytest.mark.parametrize(
    "text",
    ["", " ?", "how are retries scheduled", "parse the header", "what happens on startup", "---", "...", "🎉 party"],
)
def test_a_question_without_a_symbol_is_none(text: str) -> None:
    assert read_question(text) is None


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("`Pool.take`", "Pool.take"),
        ("Pool::take()", "Pool.take"),
        ("pool->take", "pool.take"),
        ("src/pool#take", "src.pool.take"),
        ("take", "take"),
        ("", ""),
    ],
)
def test_plain_symbols(written: str, plain: str) -> None:
    assert plain_symbol(written) == plain


@given(st.one_of(st.text(), st.text(st.sampled_from("aZ_.:/#->`'\"() who calls uses of"), max_size=60)))
def test_any_text_is_read_and_a_symbol_says_something(text: str) -> None:
    question = read_question(text)
    assert question is None or any(map(str.isalnum, question.symbol))


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "a.",
        ".",
        "/",
        "'",
        "->",
        "where is ",
        "where is a ",
        "who calls ",
        "which a ",
        "impact of the ",
        "what does a ",
    ],
)
@pytest.mark.parametrize("start", ["", "where is ", "what does the class "])
def test_a_long_text_takes_no_longer_than_its_length_says(start: str, unit: str) -> None:
    text = start + (unit * LONG)[:LONG]
    started = time.process_time()
    read_question(text)
    assert time.process_time() - started < 0.5
