"""Edits that leave every other byte alone."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agent_brain_wizard.plan.textfiles import (
    find_block,
    same_lines,
    with_block,
    with_value,
    without_block,
    without_value,
)

BLOCK = b"# >>> x\none\ntwo\n# <<< x\n"


@given(st.binary().filter(lambda content: b"# >>> x" not in content))
def test_a_block_is_added_once_and_nothing_is_lost(content: bytes) -> None:
    once = with_block(content, BLOCK)
    assert once.startswith(content)
    found = find_block(once, BLOCK)
    assert found is not None
    assert same_lines(found, BLOCK)
    assert with_block(once, BLOCK) == once


@given(st.one_of(st.binary(), st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r"])).map(b"".join)))
@example(b"a\r")
def test_taking_a_block_out_is_the_inverse(content: bytes) -> None:
    assume(b"# >>> x" not in content)
    assert without_block(with_block(content, BLOCK), BLOCK) == content
    assert without_block(content, BLOCK) == content


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([b"a", b"", b"<>", b"b", b""], [b"a", b"b", b""]),
        ([b"a", b"<>", b"b", b""], [b"a", b"b", b""]),
        ([b"<>", b"b"], [b"b"]),
        ([b"<>", b"", b"b"], [b"", b"b"]),
        ([b"a", b"<>"], [b"a", b""]),
    ],
)
def test_lines_around_a_block_stay(end: bytes, before: list[bytes], after: list[bytes]) -> None:
    content = end.join(before).replace(b"<>", end.join(BLOCK.splitlines()))
    assert without_block(content, BLOCK) == end.join(after)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_older_block_is_replaced_in_place(end: bytes) -> None:
    content = end.join([b"a", b"# >>> x", b"old", b"# <<< x", b"b", b""])
    assert with_block(content, BLOCK) == end.join([b"a", b"# >>> x", b"one", b"two", b"# <<< x", b"b", b""])


def test_half_a_block_is_no_block() -> None:
    assert find_block(b"# >>> x\none\n", BLOCK) is None
    assert find_block(b"x # >>> x\none\n# <<< x\n", BLOCK) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"A=2\n"),
        (b"B=1", b"B=1\nA=2\n"),
        (b"B=1\r\n", b"B=1\r\nA=2\r\n"),
        (b"A=1\nB=1\n", b"A=2\nB=1\n"),
        (b"A=0\nA=1\n", b"A=0\nA=2\n"),
        (b"export A = 1\r\nB=1\r\n", b"A=2\r\nB=1\r\n"),
        (b"#A=1\nAA=1\n", b"#A=1\nAA=1\nA=2\n"),
    ],
)
def test_a_value_is_set_on_its_line(before: bytes, after: bytes) -> None:
    assert with_value(before, "A", "2") == after
    assert with_value(after, "A", "2") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"A=1", b""),
        (b"A=0\nB=1\n export A = 1\n", b"B=1\n"),
        (b"B=1\r\nA=1\r\nC=1\r\n", b"B=1\r\nC=1\r\n"),
        (b"#A=1\nAA=1\n", b"#A=1\nAA=1\n"),
    ],
)
def test_a_value_is_taken_out_with_its_line(before: bytes, after: bytes) -> None:
    assert without_value(before, "A") == after
