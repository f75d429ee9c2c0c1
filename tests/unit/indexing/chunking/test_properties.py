"""What holds for every text in every language."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_brain_server.indexing.chunking import KINDS, ChunkedText, chunk_text
from agent_brain_server.indexing.chunking.source import MAX_CHARS
from agent_brain_server.indexing.chunking.syntaxes import SYNTAXES
from agent_brain_server.indexing.reading.languages import detect_language

from .expected_chunks import SYMBOLS
from .samples import SAMPLES, read_sample

CODE = sorted(SYNTAXES)
LINES = ["markdown", "rst", "yaml", "toml", "ini", "json", "css", "vue", "text", "dockerfile"]
DERIVED = ["html", "notebook"]

fragments = st.sampled_from(
    [
        "def f(x):\n", "class A:\n", "class A {\n", "fn f() {\n", "function f() {\n", "func (a A) f() {\n",
        "end\n", "}\n", "    ", "\n", "\n\n\n", "/* ", " */", "// c\n", "# c\n", "-- c\n", '"""', "'", '"',
        "`", "<<EOF\n", "((((", "))))", "[[", "{{", "@a\n", "#[a]\n", "template <", "module M where\n",
        "a :: Int\n", "a = 1\n", "key: value\n", "[table]\n", "# H\n", "==\n", "---\n", "```\n", "<p>", "</p>",
        "<script>", "<h1>", '{"cells": [', "CREATE TABLE t (", "\r", "\0", "\f", "\x85", "\u2028", "\ud800",
        "é", "\U0001f600", "x" * 5_000, "y = 1\n" * 100, "namespace n {\n", "impl A for B {\n", "do |x|\n",
        "=> {\n",
    ]
)  # fmt: skip
texts = st.lists(fragments | st.text(max_size=40), max_size=40).map("".join)
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(language: str, text: str) -> None:
    chunked = chunk_text("some/path", language, text)
    lines = text.split("\n")
    assert len({chunk.id for chunk in chunked.chunks}) == len(chunked.chunks)
    for chunk in chunked.chunks:
        assert 1 <= chunk.start_line <= chunk.end_line <= len(lines)
        assert 0 < len(chunk.text) <= MAX_CHARS
        assert len(chunk.signature) <= 300
        assert chunk.kind in KINDS
        assert chunk.text.strip()
    assert list(chunked.chunks) == sorted(chunked.chunks, key=lambda chunk: chunk.start_line)
    if language not in DERIVED:
        check_lines(chunked, lines)


def check_lines(chunked: ChunkedText, lines: list[str]) -> None:
    covered: Counter[int] = Counter()
    for chunk in chunked.chunks:
        if max(map(len, lines[chunk.start_line - 1 : chunk.end_line])) > MAX_CHARS:
            assert chunk.text in lines[chunk.start_line - 1]
            covered[chunk.start_line] = 1
            continue
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])
        covered.update(range(chunk.start_line, chunk.end_line + 1))
    assert not [number for number, line in enumerate(lines, 1) if line.strip() and not covered[number]]
    assert not [number for number, count in covered.items() if count > 1]


@pytest.mark.parametrize("language", [*CODE, *LINES, *DERIVED])
@relaxed
@given(text=texts)
def test_any_text(language: str, text: str) -> None:
    check(language, text)


@pytest.mark.parametrize("name", SYMBOLS)
@relaxed
@given(data=st.data())
def test_broken_code(name: str, data: st.DataObject) -> None:
    """A sample with a piece taken out and another put in."""
    text = read_sample(name)
    start = data.draw(st.integers(0, len(text)))
    text = text[:start] + data.draw(fragments) + text[start + data.draw(st.integers(0, 60)) :]
    check(detect_language(str(SAMPLES / name)), text)
