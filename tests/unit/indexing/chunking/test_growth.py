"""No step of a chunker grows faster than the text: counted in lines of Python that run, never in seconds."""

from __future__ import annotations

import sys
import tracemalloc
from types import FrameType
from typing import Any

import pytest

from agent_brain_server.indexing.chunking import chunk_text, keyed
from agent_brain_server.indexing.chunking.parsing import parse
from agent_brain_server.indexing.chunking.passage import MOST_PASSAGES
from agent_brain_server.indexing.chunking.syntaxes import syntax_for
from agent_brain_server.indexing.references import naming

SHAPES = {
    "selectors": ("css", ".a,\n"),
    "rules": ("css", ".a { b: c }\n"),
    "keys": ("yaml", "a: b\n"),
    "nested keys": ("json", '{"a":\n'),
    "tables": ("toml", "[a]\n"),
    "headings": ("markdown", "# a\n"),
    "titles": ("rst", "aaa\n===\n"),
    "sections": ("html", "<h1>a</h1>\n"),
    "statements": ("sql", "create table a (b);\n"),
    "comments": ("sql", "-- a\n"),
    "scripts": ("vue", "<script>\na\n</script>\n"),
    "functions": ("python", "def f(): pass\n"),
    "comments in a line": ("c", "/*a*/ "),
    "chain": ("javascript", "a.b(1)."),
    "fields": ("java", "int a;\n"),
}


def steps(language: str, text: str) -> int:
    """How many lines of our code run."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if "agent_brain_server" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        chunk_text("a", language, text)
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_text_takes_about_twice_the_steps(name: str) -> None:
    language, shape = SHAPES[name]
    small, large = steps(language, shape * 1_000), steps(language, shape * 4_000)
    assert large < small * 6 + 10_000


def test_a_list_of_selectors_is_not_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line made a copy of all those before it."""
    longest = 0
    without_comments = keyed._without_comments

    def watch(line: str, inside: bool) -> tuple[str, bool]:
        nonlocal longest
        longest = max(longest, len(sys._getframe(1).f_locals.get("head", "")))
        return without_comments(line, inside)

    monkeypatch.setattr(keyed, "_without_comments", watch)
    assert chunk_text("a.css", "css", ".a,\n" * 20_000 + ".a { b: c }\n").chunks
    assert longest < 2_000


def test_of_a_long_qualifier_only_the_ends_are_read() -> None:
    data = b"first" + b".then(1)" * 100_000 + b".last"
    read = naming.ends(data, 0, len(data))
    assert len(read) < 1_100
    assert naming.plain_qualifier(read).endswith(".then().last")
    assert naming.ends(data, 0, 20) == data[:20]


@pytest.mark.parametrize(("language", "shape"), [("lua", 'x = { "a\n'), ("scala", "object A { def f = {\n")])
def test_a_parse_keeps_no_copies_of_what_it_reads(language: str, shape: str) -> None:
    """Of what is read tree-sitter never lets go: 9,677 pieces of a broken Lua file were kept till its end."""
    syntax = syntax_for("a", language)
    assert syntax is not None
    data = (shape * 5_000).encode()
    parse(syntax, shape.encode())
    tracemalloc.start()
    try:
        parse(syntax, data)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 20_000_000


def test_of_too_many_symbols_the_lines_are_kept() -> None:
    text = "".join(f"def f{number}(): pass\n\n\n" for number in range(MOST_PASSAGES + 10))
    chunked = chunk_text("a.py", "python", text)
    assert "too many symbols: cut by lines" in chunked.note
    assert len(chunked.chunks) < MOST_PASSAGES
    assert any(f"def f{MOST_PASSAGES + 9}()" in chunk.text for chunk in chunked.chunks)


def test_of_too_much_text_the_start_is_kept() -> None:
    chunked = chunk_text("a.txt", "text", ("word " * 700 + "\n") * 3_000)
    assert chunked.note == "too much text: only its start is indexed"
    assert sum(len(chunk.text) for chunk in chunked.chunks) <= 8_000_000
