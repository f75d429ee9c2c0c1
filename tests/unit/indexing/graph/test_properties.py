"""What holds for the graph of every text in every language."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_brain_server.indexing.chunking import KINDS, chunk_text
from agent_brain_server.indexing.chunking.syntaxes import SYNTAXES

from .test_graph import CASES

LANGUAGES = [*sorted(SYNTAXES), "vue", "markdown"]

fragments = st.sampled_from(
    [
        "def f(x):\n", "class A(B):\n", "class A {\n", "fn f() {\n", "function f() {\n", "impl A for B {\n", "end\n",
        "}\n", "f(x)\n", "a.b(c).d()\n", "import a.b\n", "use a::{b, c};\n", "from a import b\n", "#include <a>\n",
        "@a\n", "\n", "((((", "))))", "{{", "<<", '"', "'", "/*", "# c\n", "-- c\n", "x = f", "new A()",
        "é", "\U0001f600", "\ud800", "\0", "\r", "\u2028", "<script>\n", "</script>\n", "template <", "do\n",
        "module M where\n", "a :: B\n", "`op`",
    ]
)  # fmt: skip
texts = st.lists(fragments | st.text(max_size=30), max_size=40).map("".join)
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(path: str, language: str, text: str) -> None:
    graph = chunk_text(path, language, text).graph
    last = text.count("\n") + 1
    for definition in graph.definitions:
        assert 1 <= definition.start_line <= definition.end_line <= last
        assert definition.kind in KINDS
    symbols = {definition.symbol for definition in graph.definitions} | {""}
    for reference in graph.references:
        assert reference.name
        assert max(map(len, (reference.name, reference.qualifier, reference.alias))) <= 200
        assert 1 <= reference.line <= last
        assert reference.scope in symbols
    assert len(set(graph.references)) == len(graph.references)


@pytest.mark.parametrize("language", LANGUAGES)
@relaxed
@given(text=texts)
def test_any_text(language: str, text: str) -> None:
    check("some/path", language, text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
@relaxed
@given(data=st.data())
def test_broken_code(case: Path, data: st.DataObject) -> None:
    """A case with a piece taken out and another put in."""
    text = case.read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    text = text[:start] + data.draw(fragments) + text[start + data.draw(st.integers(0, 60)) :]
    language = "typescript" if case.stem == "tsx" else case.stem
    check(f"file.{case.stem}", language, text)
