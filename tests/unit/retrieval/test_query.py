"""A question is understood by its words, for any text."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.retrieval.ranking.query import name_words, ordered_words, understand

LONG = 16_384
"""Characters: twice the longest question."""
STRANGE = st.text(st.sampled_from("aZx_9.:/#->`'\"()+= \n\0é漢🎉\ud800"), max_size=60)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("RetryPolicy", "name"),
        ("retries", "name"),
        ("RetryPolicy.next_delay", "name"),
        ("next_delay implementation", "name"),
        ("where is next_delay defined", "name"),
        ("retry policy", "words"),
        ("how are retries scheduled", "words"),
        ("", "words"),
        ("how does the pool decide when an idle connection is closed for good", "sentence"),
    ],
)
def test_a_question_has_a_shape(text: str, shape: str) -> None:
    assert understand(text).shape == shape


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RetryPolicy.next_delay", [("retrypolicy", "nextdelay")]),
        ("what is Pool::take for", [("pool", "take")]),
        ("Worker#perform in detail", [("worker", "perform")]),
        ("when is pool->take used", [("pool", "take")]),
        ("when is `pool->take` used", [("pool", "take")]),
        ("how does next_delay wait", [("nextdelay",)]),
        ("how does nextDelay differ from NextDelay", [("nextdelay",)]),
        ("the HTTPServer startup", [("httpserver",)]),
        ("the MAX_RETRIES default", [("maxretries",)]),
        ("what calls _private things", [("private",)]),
        ("the `go` method", [("go",)]),
        ('the "go" method', [("go",)]),
        ("retries", [("retries",)]),
        ("größe", [("größe",)]),
        ("how are retries scheduled", []),
        ("what is in retry.py", []),
        ("why doesn't the pool retry when it can't connect", []),
        ("hooks, e.g. of the pool", []),
        ("version 3.11 of it", []),
        ("---", []),
    ],
)
def test_names_are_told_by_how_they_are_written(text: str, names: list[tuple[str, ...]]) -> None:
    assert list(understand(text).names) == names


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("what is in src/app.py", ["src/app.py"]),
        ("what is in (src/app.py)", ["src/app.py"]),
        ("what does Retry.PY do", ["retry.py"]),
        ("overview of src/pool/", ["src/pool/"]),
        ("the schema.sql file", ["schema.sql"]),
        ("who calls RetryPolicy.next_delay", []),
        ("version 2.1 of it", []),
    ],
)
def test_files_are_told_from_names(text: str, files: list[str]) -> None:
    assert list(understand(text).files) == files


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("tests for the pool", {"test"}),
        ("an Example of a demo", {"example"}),
        ("the changelog and the license", {"history"}),
        ("generated code in vendor", {"generated", "vendored"}),
        ("stubs of the client", {"declaration"}),
        ("the latest contest", set()),
    ],
)
def test_a_kind_of_file_is_asked_for_by_word(text: str, wants: set[str]) -> None:
    assert understand(text).wants == wants


@pytest.mark.parametrize("mark", [".", "?", "!"])
@pytest.mark.parametrize(
    "text",
    [
        "explain RetryPolicy",
        "where is the retry policy",
        "show me the tests",
        "what is in retry.py",
        "what is in src/retry.py",
    ],
)
def test_the_mark_at_the_end_of_a_question_says_nothing(text: str, mark: str) -> None:
    assert replace(understand(text + mark), text=text) == understand(text)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("retry policy", {"retrypolicy"}),
        ("the policy of a retry", {"policyretry"}),
        ("Retry Policy delay", {"retrypolicy", "policydelay"}),
        ("retry 2 times", set()),
        ("retry", set()),
    ],
)
def test_neighbouring_words_are_asked_for_as_one(text: str, joined: set[str]) -> None:
    query = understand(text)
    assert set(query.terms) - query.words - {"2"} == joined


def test_stop_words_are_left_out_unless_they_are_all_of_it() -> None:
    assert understand("how are the retries").words == {"retry"}
    assert understand("what is this").terms[:3] == ("what", "is", "this")


def test_words_that_say_what_is_looked_for_are_left_out_unless_they_are_all_of_it() -> None:
    assert understand("where is the function that retries defined").words == {"retry"}
    assert understand("class definitions").words >= {"class"}


def test_equal_names_terms_and_files_stand_once_in_the_order_of_the_question() -> None:
    query = understand("next_delay b.py of nextDelay a.py B.py Pool.take")
    assert query.names == (("nextdelay",), ("pool", "take"))
    assert query.files == ("b.py", "a.py")
    assert len(set(query.terms)) == len(query.terms)


@given(st.one_of(st.text(), STRANGE))
def test_any_text_is_understood(text: str) -> None:
    query = understand(text)
    assert query.text == text
    assert all(term and not any(map(str.isspace, term)) for term in query.terms)


@given(st.one_of(st.text(), STRANGE))
def test_no_name_has_an_empty_part(text: str) -> None:
    assert all(name and all(name) for name in understand(text).names)


@pytest.mark.parametrize(
    "unit",
    ["(", "a.", "/", "'", '"', "`", "a/", "aA", "a_", "AAa", "->", "::", "a b ", "x.py ", "`a` ", "漢", "🎉", "\0"],
)
def test_a_long_text_takes_no_longer_than_its_length_says(unit: str) -> None:
    text = (unit * LONG)[:LONG] + "= x"
    started = time.process_time()
    understand(text)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RetryPolicy.next_delay", ("retry", "policy", "next", "delay")),
        ("HTTPServer", ("http", "server")),
        ("src/queries/utf8.py", ("src", "query", "utf", "8", "py")),
        ("__init__", ("init",)),
        ("größe", ("größe",)),
        ("", ()),
    ],
)
def test_a_name_is_made_of_words(name: str, words: tuple[str, ...]) -> None:
    assert ordered_words(name) == words
    assert name_words(name) == set(words)
