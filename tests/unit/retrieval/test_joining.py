"""Passages that touch become one, with the lines of the file and a citation of all of them."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.content import Chunk
from agent_brain_server.retrieval.packing.joining import MOST_BLANK_LINES, join_neighbours, lines_between
from unit.retrieval.passages import found, passage, rows

PATH = "src/file.py"
SPANS = st.lists(
    st.tuples(st.integers(1, 29), st.integers(1, 8)).map(lambda span: (span[0], min(30, span[0] + span[1]))),
    min_size=1,
    max_size=8,
    unique=True,
)


def lines(first: int, last: int, path: str = PATH) -> Chunk:
    """Return the lines of a file whose lines say their numbers."""
    return passage("\n".join(f"line {line}" for line in range(first, last + 1)), path, first)


def joined(*chunks: Chunk, blank: Collection[int] = ()) -> list[tuple[int, int]]:
    items = join_neighbours(found(*chunks), {(PATH, line) for line in blank})
    return [(item.chunk.start_line, item.chunk.end_line) for item in items]


def test_passages_that_touch_are_one() -> None:
    [item] = join_neighbours(found(lines(1, 3), lines(4, 6)), set())
    assert item.chunk.text == lines(1, 6).text
    assert (item.chunk.start_line, item.chunk.end_line) == (1, 6)


def test_lines_of_both_stand_there_once() -> None:
    [item] = join_neighbours(found(lines(1, 4), lines(3, 6)), set())
    assert item.chunk.text == lines(1, 6).text


def test_a_passage_within_another_adds_nothing() -> None:
    [item] = join_neighbours(found(lines(3, 4), lines(1, 6)), set())
    assert item.chunk.text == lines(1, 6).text


def test_blank_lines_between_are_kept() -> None:
    items = found(lines(1, 2), lines(4, 5))
    assert lines_between(items) == {(PATH, 3)}
    [item] = join_neighbours(items, {(PATH, 3)})
    assert item.chunk.text == "line 1\nline 2\n\nline 4\nline 5"


def test_lines_that_say_something_keep_passages_apart() -> None:
    assert joined(lines(1, 2), lines(4, 5)) == [(1, 2), (4, 5)]
    assert joined(lines(1, 2), lines(5, 6), blank={3}) == [(1, 2), (5, 6)]


def test_a_passage_between_joins_its_neighbours() -> None:
    assert joined(lines(1, 2), lines(5, 6), lines(3, 4)) == [(1, 6)]


def test_many_blank_lines_keep_passages_apart_and_are_not_asked_for() -> None:
    far = 3 + MOST_BLANK_LINES + 1
    assert lines_between(found(lines(1, 2), lines(far, far))) == set()
    assert joined(lines(1, 2), lines(far, far), blank=set(range(3, far))) == [(1, 2), (far, far)]


def test_what_follows_a_passage_with_another_one_in_it_is_joined_too() -> None:
    items = found(lines(1, 10), lines(3, 4), lines(12, 13))
    assert lines_between(items) == {(PATH, 11)}
    assert len(join_neighbours(items, {(PATH, 11)})) == 1


def test_other_files_are_left_alone() -> None:
    assert joined(lines(1, 3), lines(4, 6, "src/other.py")) == [(1, 3), (4, 6)]


def test_text_that_is_not_the_files_lines_is_never_joined() -> None:
    derived = passage("a cell\nof a notebook", PATH, 4, 9, kind="cell")
    items = found(lines(1, 3), derived, lines(10, 12))
    assert join_neighbours(items, set()) == items
    assert lines_between(items) == set()


@pytest.mark.parametrize("kind", ["block", "page"])
def test_pieces_of_one_line_keep_their_text(kind: str) -> None:
    pieces = [passage("the start", PATH, 7, 7, kind=kind), passage("the rest", PATH, 7, 7, kind=kind)]
    texts = [item.chunk.text for item in join_neighbours(found(*pieces), set())]
    assert all(any(piece.text in text for text in texts) for piece in pieces)


def test_the_joined_passage_stands_where_the_best_one_stood_under_its_name() -> None:
    best = passage("line 4\nline 5", PATH, 4, symbol="Pool.take", signature="def take()", kind="method")
    items = found(lines(20, 21), best, lines(30, 31), lines(1, 3))
    after = join_neighbours(items, set())
    assert rows(after) == [0, 1, 2]
    assert after[1].ranked == items[1].ranked
    chunk = after[1].chunk
    assert (chunk.id, chunk.symbol, chunk.kind, chunk.start_line) == (best.id, "Pool.take", "method", 1)


def test_nothing_to_join_is_nothing() -> None:
    assert join_neighbours([], set()) == []
    assert lines_between([]) == set()


@given(st.sets(st.integers(1, 30)), SPANS)
def test_a_joined_passage_says_the_lines_of_its_file(blank: set[int], spans: list[tuple[int, int]]) -> None:
    file = ["" if line in blank else f"line {line}" for line in range(1, 31)]
    chunks = [passage("\n".join(file[first - 1 : last]), PATH, first) for first, last in spans]
    items = found(*chunks)
    after = join_neighbours(items, {line for line in lines_between(items) if line[1] in blank})
    for item in after:
        assert item.chunk.text == "\n".join(file[item.chunk.start_line - 1 : item.chunk.end_line])
    shown = {line for item in after for line in range(item.chunk.start_line, item.chunk.end_line + 1)}
    asked = {line for first, last in spans for line in range(first, last + 1)}
    assert asked <= shown <= asked | blank
    assert rows(after) == sorted(rows(after))
    assert len(shown) == sum(item.chunk.end_line - item.chunk.start_line + 1 for item in after)
