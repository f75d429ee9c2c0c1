"""What each language's files declare and refer to: `cases/<language>.txt` holds a source and what is found in it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from agent_brain_server.domain.code_graph import Definition, FileGraph, Reference
from agent_brain_server.indexing.chunking import chunk_text
from agent_brain_server.indexing.chunking.parsing import grammar
from agent_brain_server.indexing.chunking.syntaxes import SYNTAXES
from agent_brain_server.indexing.reading.prepare import ReadRequest, prepare_file
from agent_brain_server.indexing.references.patterns import patterns_of, query_text
from agent_brain_server.indexing.walking.walk_result import FileEntry

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
CODE = sorted(SYNTAXES)


def graph_of(language: str, text: str) -> FileGraph:
    return (
        chunk_text("panel.tsx", "typescript", text).graph
        if language == "tsx"
        else chunk_text("file", language, text).graph
    )


def references(language: str, text: str) -> str:
    """One a line: `line kind name`, then what there is of ` of qualifier`, ` as alias` and ` in scope`."""
    lines = []
    for one in graph_of(language, text).references:
        said = [
            f" {word} {value}" for word, value in (("of", one.qualifier), ("as", one.alias), ("in", one.scope)) if value
        ]
        lines.append(f"{one.line} {one.kind} {one.name}{''.join(said)}")
    return "\n".join(lines)


def definitions(language: str, text: str) -> str:
    found = graph_of(language, text).definitions
    return "\n".join(f"{one.start_line}-{one.end_line} {one.kind} {one.symbol}" for one in found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_file(case: Path) -> None:
    text, _, expected = case.read_text(encoding="utf-8").partition("=== definitions\n")
    defined, _, referred = expected.partition("=== references\n")
    assert definitions(case.stem, text) == defined.strip()
    assert references(case.stem, text) == referred.strip()


def test_every_language_has_a_case() -> None:
    assert {*CODE} <= {case.stem for case in CASES}


@pytest.mark.parametrize("language", CODE)
def test_the_query_is_for_the_installed_grammar(language: str) -> None:
    syntax = SYNTAXES[language]
    patterns = patterns_of(grammar(syntax.module, syntax.function), syntax.grammar)
    assert patterns is not None
    assert all(pattern.label or not pattern.is_plain for pattern in patterns.patterns)
    assert "#eq?" not in query_text(syntax.grammar)


def test_signatures_and_names() -> None:
    (shelf, find) = graph_of("python", "class Shelf(Rack):\n    def find(self, name: str) -> Item: ...\n").definitions
    assert (shelf.signature, shelf.name) == ("class Shelf(Rack)", "Shelf")
    assert (find.signature, find.name) == ("def find(self, name: str) -> Item", "find")


def test_members_of_a_large_class_are_those_of_a_small_one() -> None:
    pad = "    # pad\n" * 100
    source = "class A:\n{}    # of f\n    def f(self):\n        def inner():\n            g()\n    x = 1\n"
    symbols = ["A", "A.f", "A.f.inner", "A.x"]
    assert [one.symbol for one in graph_of("python", source.format("")).definitions] == symbols
    assert [one.symbol for one in graph_of("python", source.format(pad)).definitions] == symbols


def test_prototypes_are_no_definitions() -> None:
    assert definitions("c", "int open(int x);\nint shut(int x) { return x; }\n") == "2-2 function shut"
    source = "class A {\n  A();\n  void f();\n  virtual void g() = 0;\n  void h() {}\n};\n"
    assert definitions("cpp", source).split("\n")[1:] == ["4-4 method A.g", "5-5 method A.h"]


def test_a_comment_and_a_decorator_belong_to_what_they_stand_above() -> None:
    assert definitions("rust", "// of a\n#[route(x)]\nfn a() {}\n") == "1-3 function a"
    assert references("rust", "// of a\n#[route(x)]\nfn a() {}\n") == "2 call route in a"


def test_a_name_of_the_file_counts_as_a_value_and_another_does_not() -> None:
    assert references("python", "def f(): pass\nrun(f, g)\n") == "2 call run\n2 use f"
    assert (
        references("python", "from a import f\nrun(a.f, f.g, h.i)\n")
        == "1 import f of a\n2 call run\n2 use f of a\n2 use g of f"
    )


def test_a_type_parameter_is_no_use() -> None:
    assert references("java", "class A<T> { T get(Item item) { return null; } }") == "1 use Item in A.get"


def test_what_is_called_is_not_used_on_the_same_line() -> None:
    assert references("python", "def f(): pass\nf(f)\n") == "2 call f"


def test_equal_references_count_once() -> None:
    assert references("go", "package p\nfunc f() { g(); g(); h.g() }\n") == "2 call g in f\n2 call g of h in f"


@pytest.mark.parametrize(
    ("qualifier", "expected"),
    [
        ("self . store", "self.store"),
        ('a.b(c, "x)").d(1)\n  .e', "a.b().d().e"),
        ("a[b[0]]", "a[]"),
        ('"text"', '""'),
        ("(a or b)", "()"),
        ("é.ß", "é.ß"),
        ("b" * 300, "b" * 200),
        (f"c(d({'1, ' * 600})).e", "c().e"),
        (f"a.b({'(c), ' * 600}).d(')').e", "a.b().d().e"),
    ],
)
def test_a_qualifier_is_written_plainly(qualifier: str, expected: str) -> None:
    (call, *_) = [one for one in graph_of("python", f"({qualifier}.name())").references if one.name == "name"]
    assert call.qualifier == expected


def test_names_that_are_not_ascii() -> None:
    source = "# ä\nclass Größe:\n    def länge(self): return '€' + ändern(self.größe.länge())\n"
    assert references("python", source) == ("3 call ändern in Größe.länge\n3 call länge of self.größe in Größe.länge")


def test_broken_code_gives_what_can_be_had() -> None:
    assert "4 call g in f" in references("python", "def (:\n\ndef f():\n    g()\n    h(\n")
    assert (
        references("c", "#ifdef A\nint f() { g(); }\n#else\nint f() { h(); }\n#endif\n}}}\n")
        == "2 call g in f\n4 call h in f"
    )


def test_deep_nesting() -> None:
    depth = 400
    assert len(graph_of("python", "f(" * depth + ")" * depth).references) == 1
    calls = graph_of("javascript", "a(() => {" * depth + "})" * depth).references
    assert [one.name for one in calls] == ["a"]
    source = "\n".join(f"{'  ' * level}class C{level}:" for level in range(80)) + f"\n{'  ' * 80}call()\n"
    (reference,) = graph_of("python", source).references
    assert reference.scope in {one.symbol for one in graph_of("python", source).definitions}


def test_thousands_of_calls_on_one_line() -> None:
    calls = graph_of("javascript", ";".join(f"f{number}()" for number in range(3000))).references
    assert [one.name for one in calls] == [f"f{number}" for number in range(3000)]
    chained = graph_of("javascript", "a" + ".b(c, d)" * 3000).references
    assert {one.name for one in chained} == {"b"}
    assert max(len(one.qualifier) for one in chained) == 200


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = " + "a + " * 50_000 + "f()"),
        ("javascript", "f(" * 50_000),
        ("python", "(" * 100_000 + "f()"),
        ("rust", "fn f() { g!(" + ", " * 50_000 + ") }"),
        ("c", "int x[] = {" + "f(1), " * 20_000 + "};"),
        ("bash", "f ${x:-" * 10_000),
    ],
)
@pytest.mark.timeout(30)
def test_no_text_takes_long(language: str, text: str) -> None:
    assert len(graph_of(language, text).references) < 50_000


@pytest.mark.parametrize("language", ["markdown", "json", "yaml", "text", "notebook", "html"])
def test_what_is_no_code_has_no_graph(language: str) -> None:
    assert graph_of(language, '{"cells": [{"source": "f()"}]}\n# f()\n') == FileGraph()


def test_a_file_that_is_read_brings_its_graph(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbfdef f():\r\n    g()\r\n")
    prepared = prepare_file(ReadRequest(FileEntry("a.py", str(path), ".", 0, 0), "", 1000))
    assert pickle.loads(pickle.dumps(prepared)).graph == FileGraph(
        (Definition("f", "function", 1, 2, "def f()"),), (Reference("call", "g", "", "", "f", 2),)
    )
