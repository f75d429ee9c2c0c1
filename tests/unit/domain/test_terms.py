"""One tokenizer for chunks and questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.terms import LONGEST_TERM, query_terms, tokenize


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("next_delay", ["next", "delay", "nextdelay"]),
        ("nextDelay", ["next", "delay", "nextdelay"]),
        ("NextDelay", ["next", "delay", "nextdelay"]),
        ("HTTPServer.handle", ["http", "server", "httpserver", "handl"]),
        ("utf8_decode", ["utf", "8", "decod", "utf8decode"]),
        ("__init__", ["init"]),
        ("größe Übermut", ["größe", "übermut"]),
        ("漢字仮名", ["漢字", "字仮", "仮名"]),
        ("x" * 65, []),
        ("\ud800 a\0b", ["a", "b"]),
    ],
)
def test_words_are_split(text: str, terms: list[str]) -> None:
    assert tokenize(text) == terms


def test_stop_words_leave_a_question_unless_they_are_all_of_it() -> None:
    assert query_terms("how are the retries scheduled") == ["retry", "schedul"]
    assert query_terms("what is this") == ["what", "is", "this"]


@given(st.text())
def test_terms_are_bounded_and_hold_no_space(text: str) -> None:
    for term in tokenize(text):
        assert 0 < len(term) <= LONGEST_TERM
        assert term == term.lower() or not term.isascii()
        assert not any(character.isspace() for character in term)
