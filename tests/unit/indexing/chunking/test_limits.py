"""Files that are large, broken or strange."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent_brain_server.indexing.chunking import chunk_text
from agent_brain_server.indexing.chunking.parsing import LARGEST_PARSED


def test_an_empty_file_has_no_chunks() -> None:
    for text in ("", "\n\n", "  \n\t\n"):
        assert chunk_text("a.py", "python", text).chunks == ()
        assert chunk_text("a.txt", "text", text).chunks == ()
        assert chunk_text("a.ipynb", "notebook", text).chunks == ()


def test_a_minified_file_is_cut_within_its_line() -> None:
    text = "function a(b){return b};" * 1_000
    chunked = chunk_text("a.min.js", "javascript", text)
    assert len(chunked.chunks) > 5
    assert all(len(chunk.text) <= 4_000 and chunk.start_line == chunk.end_line == 1 for chunk in chunked.chunks)
    assert "".join(chunk.text for chunk in chunked.chunks) == text


def test_of_an_endless_line_only_the_start_is_kept() -> None:
    chunked = chunk_text("a.txt", "text", "word " * 1_000_000)
    assert 10 < len(chunked.chunks) <= 64
    assert chunked.note == "line 1 is too long: only its start is indexed"


@pytest.mark.parametrize("language", ["python", "javascript", "cpp", "json", "haskell", "rust"])
def test_deep_nesting(language: str) -> None:
    for text in ("(" * 10_000 + ")" * 10_000, "[{" * 10_000, "\n".join("(" for _ in range(10_000))):
        assert chunk_text("a", language, text).chunks


def test_deeply_nested_classes() -> None:
    text = "".join("  " * depth + f"class C{depth}:\n" for depth in range(300))
    lines = text.count("\n")
    chunks = chunk_text("a.py", "python", text).chunks
    assert sum(chunk.end_line - chunk.start_line + 1 for chunk in chunks) == lines


def test_a_syntax_error_is_noted_and_the_rest_is_found() -> None:
    chunked = chunk_text("a.py", "python", "def good():\n    return 1\n\n\nx = = 3\n\n\ndef fine():\n    return 2\n")
    assert {"good", "fine"} <= {chunk.symbol for chunk in chunked.chunks}
    assert chunked.note.startswith("syntax errors: ")


def test_what_is_no_code_becomes_blocks() -> None:
    chunked = chunk_text("a.java", "java", "Dear all, ((( this is }}} a letter ]] to you.\n" * 30)
    assert {chunk.kind for chunk in chunked.chunks} == {"block"}
    assert chunked.note == "parser gave up: mostly syntax errors"


def test_a_huge_source_is_not_parsed() -> None:
    line = "int x = 1; /* generated */\n"
    chunked = chunk_text("a.c", "c", line * (LARGEST_PARSED // len(line) + 1))
    assert chunked.note == "too large to parse"
    assert {chunk.kind for chunk in chunked.chunks} == {"block"}


def test_a_parse_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_brain_server.indexing.chunking.parsing.LONGEST_PARSE", -1.0)
    chunked = chunk_text("a.py", "python", "def f():\n    return 1\n" * 2_000)
    assert chunked.note == "parser gave up: it took too long"
    assert chunked.chunks


@pytest.mark.timeout(30)
def test_a_large_data_file_does_not_take_long() -> None:
    text = "[\n" + ",\n".join(f'  {{"id": {n}, "name": "value {n}"}}' for n in range(130_000)) + "\n]\n"
    assert len(text) > 4_500_000
    chunks = chunk_text("a.json", "json", text).chunks
    assert all(len(chunk.text) <= 4_000 for chunk in chunks)


def test_two_symbols_on_one_line_are_one_chunk() -> None:
    chunks = chunk_text("a.js", "javascript", "function a() {} function b() {}\n").chunks
    assert [(chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunks] == [("a", 1, 1)]


def test_a_symbol_that_starts_where_another_ends_has_the_rest() -> None:
    text = "function a() {\n  return 1;\n} function b() {\n  return 2;\n}\n"
    chunks = chunk_text("a.js", "javascript", text).chunks
    assert [(chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunks] == [("a", 1, 3), ("b", 4, 5)]


def test_repeated_passages_have_their_own_ids() -> None:
    chunks = chunk_text("a.txt", "text", ("same line\n" * 60) * 3).chunks
    assert len({chunk.text for chunk in chunks}) == 1
    assert len({chunk.id for chunk in chunks}) == len(chunks) == 3


def test_ids_stay_when_other_parts_of_the_file_change() -> None:
    text = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    before = {chunk.symbol: chunk.id for chunk in chunk_text("a.py", "python", text).chunks}
    after = {chunk.symbol: chunk.id for chunk in chunk_text("a.py", "python", "import os\n\n" + text).chunks}
    assert before.items() <= after.items()


def test_importing_loads_no_parser() -> None:
    code = (
        "import sys, agent_brain_server.indexing.chunking, agent_brain_server.indexing.reading.languages,"
        " agent_brain_server.indexing.reading.decode; print([m for m in sys.modules if m.startswith("
        "('tree_sitter', 'pypdf', 'charset_normalizer', 'yaml'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HOSTILE = {
    "brackets": "(" * 300_000 + "x",
    "spaces": "a" + " " * 300_000 + "x",
    "blank lines": "\n" * 200_000 + "x",
    "stars": "/" + "*" * 300_000 + " x",
    "open tags": "<a " * 50_000 + "x",
    "open comments": "<!--" * 50_000 + "x",
    "open scripts": "<script>\n" * 20_000,
    "quotes": "\"'" * 50_000 + "x",
    "headings": "# " + "# " * 100_000 + "x",
    "keys": "a: " * 50_000 + "\n[" + " " * 50_000,
    "constants": "x = 1\n" * 50_000,
    "nothing but names": "x" * 300_000,
}


@pytest.mark.parametrize(
    "language", ["python", "c", "markdown", "rst", "html", "vue", "yaml", "toml", "css", "sql", "text"]
)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(30)
def test_no_text_takes_long(name: str, language: str) -> None:
    assert chunk_text("a", language, HOSTILE[name]).chunks


def test_characters_far_beyond_ascii_do_not_crash_the_parser_of_shell_scripts() -> None:
    """In a process of its own, which a crash ends."""
    code = """from agent_brain_server.indexing.chunking import chunk_text
for far in (0xE9, 0xFFFF, 0x1F680, 0x80000, 0xF0001, 0x10FFFF):
    text = 'greet() {\\n  echo {' + chr(far) + 'a,b}\\n}\\n'
    (chunk,) = chunk_text('a.sh', 'bash', text).chunks
    assert (chunk.symbol, chunk.text) == ('greet', text.rstrip()), chunk
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
