"""Rows in a narrow terminal: where they are broken, and what is never broken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_brain_client.rows import fit

JOB = "job 12 · done · 1,204/1,204 files · 9,310 chunks · 2.4 s · attempt 2"
EDGE = " 1  src/a/b.py:12,14  Parser.parse calls Lexer.next  possible  via main < Parser.run"


def test_what_fits_is_left_as_it_is() -> None:
    assert fit(JOB, len(JOB), 4) == [JOB]


def test_a_row_is_broken_between_its_fields() -> None:
    assert fit(JOB, 40, 4) == ["job 12 · done · 1,204/1,204 files", "    9,310 chunks · 2.4 s · attempt 2"]
    assert fit(EDGE, 50, 4) == [
        " 1  src/a/b.py:12,14",
        "    Parser.parse calls Lexer.next  possible",
        "    via main < Parser.run",
    ]


def test_a_sentence_goes_on_behind_its_label() -> None:
    assert fit("watcher     failed: there are more directories than can be watched", 40, 12) == [
        "watcher     failed: there are more",
        "            directories than can be",
        "            watched",
    ]


def test_a_command_is_not_broken_where_it_fits_into_a_line() -> None:
    row = "server      not running, since it has stopped. Run: agent-brain start --port auto"
    assert fit(row, 52, 12)[-1] == "            agent-brain start --port auto"
    assert fit("      → agent-brain start --port auto", 40, 6) == ["      → agent-brain start --port auto"]


def test_a_long_path_is_whole() -> None:
    path = "/".join(["directory"] * 9)
    assert fit(f" 1  {path}:1-2  Name.method  0.91", 40, 4) == [f" 1  {path}:1-2", "    Name.method  0.91"]


@given(st.text(alphabet="ab ·→", max_size=120), st.integers(20, 80), st.integers(0, 12))
def test_nothing_is_lost_and_only_a_word_is_wider(text: str, columns: int, indent: int) -> None:
    lines = fit(text, columns, indent)
    words = [word for word in text.split() if word != "·"]
    assert [word for line in lines for word in line.split() if word != "·"] == words
    widest = max(map(len, text.split()), default=0)
    assert all(len(line) <= max(columns, indent + widest, len(line) - len(line.lstrip()) + widest) for line in lines)
