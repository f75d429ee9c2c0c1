"""What matching costs, in steps of a backtracking matcher: at most a few for each pair of characters of the two."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_brain_server.domain.wildmatch import InvalidPatternError, translate
from support.regex_steps import count_steps

EACH_PAIR, EACH_CHARACTER = 4, 20

HOSTILE = [
    ("**/" * 20 + "x", "a/" * 100 + "b"),
    ("**/" * 170 + "x", "a/" * 1000 + "b"),
    ("**/a/" * 60 + "x", "a/" * 200 + "a"),
    ("**/a*b/" * 20 + "x", "aab/" * 100 + "y"),
    ("**/*a*" * 40 + "b", "aaaa/" * 60),
    ("**/" + "a/" * 60 + "b", "a/" * 400 + "c"),
    ("a**/" * 60 + "x", "a/" * 200),
    ("**\\/a" * 60 + "b", "/a" * 200),
    ("*a" * 200 + "b", "a" * 1000),
    ("*" + "a" * 200 + "b", "a" * 1000),
    ("x/" + "*a" * 100 + "b/*", "x/" + "a" * 500 + "/c"),
    ("*/" * 100 + "x", "aa/" * 200),
    ("*?" * 200 + "b", "a" * 500),
    ("?" * 1000, "a" * 999),
    ("[[:alpha:]]*" * 80 + "1", "a" * 500),
    ("[!b]*" * 100 + "b", "a" * 500),
    ("**/[!b]*[a-c]/**/?*" * 10 + "**/z", "abc/" * 100 + "y"),
    ("**/**/**", "a/" * 500),
    ("***/***/***a", "a/" * 500 + "b"),
    ("a/**/" + "b/**/" * 50 + "c", "a/" + "b/" * 200 + "d"),
]


@pytest.mark.parametrize(("pattern", "path"), HOSTILE, ids=[pattern[:12] for pattern, _ in HOSTILE])
def test_a_hostile_pattern_takes_steps_linear_in_pattern_and_path(pattern: str, path: str) -> None:
    bound = EACH_PAIR * len(pattern) * len(path) + EACH_CHARACTER * (len(pattern) + len(path))
    assert count_steps(re.compile(translate(pattern)), path, bound) <= bound


pieces = st.sampled_from(("a", "b", "/", "*", "?", "**/", "/**/", "a/**/", "**", "[ab]", "[!b]", "*a", "\\/", "*/"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(pieces, min_size=1, max_size=5).map("".join),
    st.integers(1, 12),
    st.lists(pieces, max_size=4).map("".join),
    st.text(st.sampled_from("ab/"), min_size=1, max_size=6),
    st.integers(1, 40),
)
def test_so_does_any_that_repeats_itself(part: str, times: int, end: str, names: str, often: int) -> None:
    pattern, path = part * times + end, names * often
    try:
        expression = re.compile(translate(pattern))
    except InvalidPatternError:
        return
    bound = EACH_PAIR * len(pattern) * len(path) + EACH_CHARACTER * (len(pattern) + len(path))
    assert count_steps(expression, path, bound) <= bound


@pytest.mark.parametrize("pattern", ["[!a]" * 128, "[[:print:]]" * 46, "**/[!a]*" * 60])
def test_an_expression_is_not_much_longer_than_its_pattern(pattern: str) -> None:
    assert len(translate(pattern)) <= 12 * len(pattern)
