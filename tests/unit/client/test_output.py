"""What is printed."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_client.answers import JobResponse, Passage
from agent_brain_client.output import (
    count,
    duration,
    job_line,
    listing_lines,
    note,
    plan_line,
    say,
    size,
    skipped_line,
    styled,
)
from agent_brain_contract.escaping import json_text, line, name, one_line, plain

HARMFUL = {chr(code) for code in (*range(32), *range(127, 160), *range(0xE0000, 0xE0100))} - {"\t", "\n"} | set(
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ud800\udfff"
)


def passage(**changed: Any) -> Passage:
    values: dict[str, Any] = {
        "chunk_id": "c",
        "path": "a/b.py",
        "start_line": 1,
        "end_line": 9,
        "language": "python",
        "kind": "function",
        "symbol": "f",
        "text": "    def f():\n        return 1\n",
        "score": 0.5,
        "stale": False,
    }
    return Passage(**{**values, **changed})


def job(**changed: Any) -> JobResponse:
    progress: dict[str, Any] = dict.fromkeys(
        ("files_done", "files_total", "files_changed", "files_removed", "files_failed", "chunks_done", "chunks_total"),
        0,
    )
    progress |= {
        "texts_embedded": 0,
        "rate": 0.0,
        "eta_seconds": None,
        "current_file": "",
        "skipped": {},
        "problems": [],
    }
    values: dict[str, Any] = {
        "id": 7,
        "state": "queued",
        "paths": [],
        "force": False,
        "created_at": 1.0,
        "started_at": None,
        "finished_at": None,
        "attempt": 1,
        "error": "",
    }
    progress |= changed.pop("progress", {})
    return JobResponse(**{**values, **changed, "progress": progress})


ANY_TEXT = st.text(st.characters() | st.sampled_from(sorted(HARMFUL)) | st.sampled_from(" \t\n\r"))


@given(ANY_TEXT)
def test_no_control_character_is_left(text: str) -> None:
    assert not HARMFUL & set(plain(text))
    assert not HARMFUL & set(line(text))
    assert "\n" not in line(text)
    assert name(text).isprintable()
    assert "  " not in name(text)
    assert not HARMFUL & set(one_line(text))
    assert "\n" not in one_line(text)
    plain(text).encode("utf-8")


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner))
)
def test_json_is_equal_and_harmless(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not HARMFUL & set(text)
    assert "\n" not in text


def test_ordinary_text_is_left_alone() -> None:
    text = "naïve 店 👍\n\ttabs · “quotes”"
    assert plain(text) == text
    assert json.loads(json_text({"a": text})) == {"a": text}
    assert "店" in json_text(text)


def test_an_escape_is_written_out() -> None:
    assert plain("a\x1b[31mb\u202e") == "a\\x1b[31mb\\u202e"


def test_what_is_said_and_noted_is_escaped_where_nothing_else_was(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31m\nagent-brain: b\r\u202e", "", "c\td")
    note("e\x9b2J\x08\nf")
    assert capsys.readouterr() == ("a\\x1b[31m\\x0aagent-brain: b\\x0d\\u202e\n\nc\td\n", "e\\x9b2J\\x08\\x0af\n")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_style_is_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout", screen := Screen())
    say(f"{styled('a', 'red')} \x1b[32mb")
    assert screen.getvalue() == "\x1b[31ma\x1b[0m \\x1b[32mb\n"


def test_a_passage_shows_its_first_lines_without_their_common_indent() -> None:
    head, *body = listing_lines([passage(text="    def f():\n\n" + "        return 1\n" * 9)], 80)
    assert head.split() == ["1", "a/b.py:1-9", "f", "0.5"]
    assert body == ["    def f():", "        return 1", "        return 1", "        return 1", "    …"]


def test_long_lines_are_cut_to_the_terminal() -> None:
    lines = listing_lines([passage(text="x" * 500)], 40)
    assert len(lines[1]) == 40
    assert lines[1].endswith("…")


def test_a_passage_without_a_symbol_shows_its_kind_and_staleness() -> None:
    head = listing_lines([passage(symbol="", kind="section", stale=True)], 80)[0]
    assert "section" in head
    assert "changed since" in head


def test_explanations_are_shown() -> None:
    lines = listing_lines(
        [passage(explain={"reason": "lexical #2", "ranks": {"lexical": 2}, "scores": {"lexical": 1.25}})], 80
    )
    assert lines[-3:] == ["  why: lexical #2", "  ranks: lexical #2", "  scores: lexical 1.25"]


def test_the_strategy_of_each_retriever_is_one_line() -> None:
    plan = {"bm25": "gin", "vector": "hnsw, then exact\x1b[31m"}
    assert plan_line(plan) == "found: bm25 by gin · vector by hnsw, then exact\\x1b[31m"


def test_a_hostile_path_stays_on_its_line() -> None:
    lines = listing_lines([passage(path="a\nb\x1b]0;x\x07.py", text="t")], 80)
    assert len(lines) == 2
    assert not HARMFUL & set(lines[0])


def test_fields_are_aligned_but_for_overlong_ones() -> None:
    lines = listing_lines(
        [passage(text=""), passage(text="", path="longer/name.py"), passage(text="", path="x" * 99)], 80
    )
    assert [line.index("  f") for line in lines] == [2 + 50, 2 + 50, 4 + 103]


def test_job_lines() -> None:
    running = job(
        state="running",
        started_at=1.0,
        progress={
            "files_done": 5,
            "files_total": 10,
            "chunks_done": 1,
            "rate": 2500.0,
            "eta_seconds": 1.5,
            "current_file": "a",
        },
    )
    assert job_line(running) == "job 7 · running · 5/10 files · 1 chunk · 2,500 chunks/s · 1.5 s left · a"
    failed = job(state="failed", started_at=1.0, finished_at=3.0, error="no\nspace", attempt=2)
    assert job_line(failed) == "job 7 · failed · 0/0 files · 0 chunks · 2.0 s · attempt 2 · no space"


def test_skipped_files_are_counted_by_reason() -> None:
    assert skipped_line({"secret": 1, "binary": 1200, "large": 0}) == "left out: 1,200 binary, 1 secret"
    assert skipped_line({}) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (61, "61 s"), (600, "10 min"), (10_800, "3 h"), (864_000, "10 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_sizes() -> None:
    assert (count(1, "file"), count(1204, "file")) == ("1 file", "1,204 files")
    assert [size(number) for number in (0, 999, 1500, 18_400_000, 2 * 10**12)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "18 MB",
        "2.0 TB",
    ]


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_heads_fit_the_terminal_unless_their_path_does_not(columns: int) -> None:
    path = "server/package/module.py"
    symbols = ["short", "AVeryLongClassName.and_a_method_of_it_with_a_long_name_that_goes_on_and_on"]
    heads = [
        line for line in listing_lines([passage(path=path, symbol=one) for one in symbols], columns) if path in line
    ]
    assert max(map(len, heads)) <= columns
    assert heads[0].split()[2] == "short"
    (long,) = [line for line in listing_lines([passage(path="d/" * 60 + "x.py")], columns) if "x.py" in line]
    assert "d/" * 60 + "x.py" in long
