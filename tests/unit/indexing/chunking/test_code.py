"""What the chunks of each language are called, and what they hold."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.content import Chunk
from agent_brain_server.indexing.chunking import KINDS, chunk_text

from .expected_chunks import DOCUMENTATION, FIRST_AND_LAST_LINE, SIGNATURES, SYMBOLS
from .samples import SAMPLES, chunk_sample, read_sample


def find(name: str, symbol: str) -> Chunk:
    """Return the first chunk of a sample that has the symbol."""
    return next(chunk for chunk in chunk_sample(name).chunks if chunk.symbol == symbol)


def test_every_sample_has_its_symbols_listed() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(SYMBOLS) == set(SIGNATURES)


@pytest.mark.parametrize("name", SYMBOLS)
def test_symbols(name: str) -> None:
    chunked = chunk_sample(name)
    found = [f"{chunk.kind} {chunk.symbol}" for chunk in chunked.chunks if chunk.kind != "block"]
    assert found == [line.strip() for line in SYMBOLS[name].strip().splitlines()]
    assert {chunk.kind for chunk in chunked.chunks} <= set(KINDS)
    assert chunked.note == ""


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    symbol, signature = SIGNATURES[name]
    assert find(name, symbol).signature == signature


@pytest.mark.parametrize("name", DOCUMENTATION)
def test_documentation(name: str) -> None:
    assert {symbol: find(name, symbol).documentation for symbol in DOCUMENTATION[name]} == DOCUMENTATION[name]


@pytest.mark.parametrize("name", FIRST_AND_LAST_LINE)
def test_comments_and_attributes_belong_to_what_is_under_them(name: str) -> None:
    symbol, first, last = FIRST_AND_LAST_LINE[name]
    lines = find(name, symbol).text.split("\n")
    assert (lines[0], lines[-1]) == (first, last)


@pytest.mark.parametrize("name", SYMBOLS)
def test_text_is_the_lines_of_the_file(name: str) -> None:
    lines = read_sample(name).split("\n")
    for chunk in chunk_sample(name).chunks:
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])


def test_a_chunk_is_labelled_with_its_own_symbol_not_the_last_in_it() -> None:
    outer = "def outer():\n    def inner():\n        return 1\n    return inner\n"
    text = f"{outer}\n\nclass Small:\n    def last(self):\n        pass\n"
    chunks = chunk_text("a.py", "python", text).chunks
    assert [(chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunks] == [("outer", 1, 4), ("Small", 7, 9)]


@pytest.mark.parametrize("name", ["list.c", "matrix.cpp", "shapes.rs", "Parser.kt", "Player.swift"])
def test_languages_that_others_have_no_symbols_for(name: str) -> None:
    chunks = chunk_sample(name).chunks
    assert sum(chunk.symbol != "" for chunk in chunks) >= 7
    assert any(chunk.kind in {"function", "method"} for chunk in chunks)


def test_a_class_that_fits_is_one_chunk() -> None:
    text = "class Small:\n" + "".join(f"    def m{n}(self):\n        return {n}\n" for n in range(5))
    (chunk,) = chunk_text("a.py", "python", text).chunks
    assert (chunk.kind, chunk.symbol, chunk.signature) == ("class", "Small", "class Small")


def test_a_long_function_is_cut_in_parts_of_one_name() -> None:
    body = "".join(f"    value_{n} = compute({n})\n    if value_{n}:\n        report({n})\n\n" for n in range(60))
    text = f'def long(x):\n    """Does much."""\n{body}'
    chunks = chunk_text("a.py", "python", text).chunks
    assert len(chunks) > 2
    assert {(chunk.kind, chunk.symbol, chunk.signature) for chunk in chunks} == {("function", "long", "def long(x)")}
    assert [bool(chunk.documentation) for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert all(chunk.text.startswith("    value_") for chunk in chunks[1:])


def test_functions_in_a_long_function_keep_their_names() -> None:
    route = "".join(f"        line({n})\n" for n in range(40))
    text = "def create_app():\n" + "".join(
        f"    @app.get('/{name}')\n    def {name}():\n{route}\n" for name in ("health", "query", "index")
    )
    symbols = [chunk.symbol for chunk in chunk_text("a.py", "python", text).chunks]
    assert symbols == ["create_app", "create_app.health", "create_app.query", "create_app.index"]


def test_what_a_long_call_wraps_is_found() -> None:
    filler = "".join(f"  // {n}\n" for n in range(90))
    text = f"(function () {{\n{filler}\n  function inside() {{\n    return 1;\n  }}\n}})();\n"
    assert "inside" in {chunk.symbol for chunk in chunk_text("a.js", "javascript", text).chunks}


def test_imports_and_small_constants_share_a_block() -> None:
    text = "import a\nimport b\n\nX = 1\nY = 2\n\n\ndef f():\n    return X\n"
    block, function = chunk_text("a.py", "python", text).chunks
    assert (block.kind, block.symbol, block.start_line, block.end_line) == ("block", "", 1, 5)
    assert function.symbol == "f"


def test_a_constant_alone_keeps_its_name() -> None:
    text = "def f():\n    return 1\n\n\nLIMIT = 3\n\n\ndef g():\n    return 2\n"
    assert [chunk.symbol for chunk in chunk_text("a.py", "python", text).chunks] == ["f", "LIMIT", "g"]


def test_a_trailing_comment_belongs_to_its_own_line() -> None:
    text = "x = 1  # about x\ndef f():\n    return 1\n"
    function = chunk_text("a.py", "python", text).chunks[-1]
    assert (function.symbol, function.documentation) == ("f", "")


def test_the_methods_of_the_interface_of_a_header_are_its_own_when_they_are_explained() -> None:
    explained = "\n".join(f"  /**\n   * Reads {n}.\n   * Long story.\n   */\n  int read{n}();\n" for n in range(12))
    chunks = chunk_text("a.hpp", "cpp", f"class Reader {{\n public:\n{explained}}};\n").chunks
    assert [chunk.symbol for chunk in chunks[:3]] == ["Reader", "Reader.read0", "Reader.read1"]
    assert chunks[1].documentation == "Reads 0.\nLong story."


def test_vue_and_svelte_scripts_have_symbols() -> None:
    script = "function load(id: number): void {\n  go(id)\n}\n"
    text = f'<template>\n  <p>{{{{ x }}}}</p>\n</template>\n\n<script setup lang="ts">\n{script}</script>\n'
    chunks = chunk_text("a.vue", "vue", text).chunks
    assert [(chunk.kind, chunk.symbol, chunk.language) for chunk in chunks] == [
        ("block", "", "vue"),
        ("function", "load", "vue"),
    ]


def test_names_of_several_words_keep_them() -> None:
    (chunk,) = chunk_text("a.kt", "kotlin", "fun `adds two numbers`() {\n    check(1)\n}\n").chunks
    assert chunk.symbol == "adds two numbers"


def test_a_run_of_macros_does_not_name_the_function_under_it() -> None:
    macros = 'DEFINE_FLAG(int, limit, 256 << 10, "a limit");\nDEFINE_FLAG(bool, quiet, 1 << 2, "a flag");\n'
    text = f"{macros}\nvoid run() {{\n  go();\n}}\n"
    assert "DEFINE_FLAG" not in {chunk.symbol for chunk in chunk_text("a.cc", "cpp", text).chunks}


TSQL = """USE shop;
GO

-- Finds one.
CREATE OR ALTER PROCEDURE [dbo].[FindOne] @id INT
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP 1 * FROM dbo.[users] WITH (NOLOCK) WHERE id = @id;
END
GO

CREATE TABLE [dbo].[users](
    [id] [int] IDENTITY(1,1) NOT NULL,
    CONSTRAINT [PK] PRIMARY KEY CLUSTERED ([id] ASC) WITH (PAD_INDEX = OFF)
) ON [PRIMARY]
GO

CREATE FUNCTION f() RETURNS trigger AS $body$
begin
  return new;
end;
$body$ LANGUAGE plpgsql;
"""


def test_sql_of_an_unknown_dialect_is_read_by_its_lines() -> None:
    chunked = chunk_text("a.sql", "sql", TSQL)
    assert [(chunk.kind, chunk.symbol, chunk.start_line) for chunk in chunked.chunks if chunk.symbol] == [
        ("function", "dbo.FindOne", 4),
        ("table", "dbo.users", 13),
        ("function", "f", 19),
    ]
    assert chunked.chunks[1].documentation == "Finds one."
    assert not chunked.note


def test_a_macro_of_some_lines_has_its_own_chunk() -> None:
    swap = "#define SWAP(a, b) \\\n    do {        \\\n        a ^= b; \\\n        b ^= a; \\\n    } while (0)\n"
    text = f"#define LIMIT 3\n\n{swap}"
    assert [(chunk.kind, chunk.symbol) for chunk in chunk_text("a.c", "c", text).chunks][-1] == ("macro", "SWAP")
