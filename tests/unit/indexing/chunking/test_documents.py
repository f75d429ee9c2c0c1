"""Markdown, reStructuredText, HTML, notebooks, PDF and plain text."""

from __future__ import annotations

import builtins
import json
from typing import Any

import pytest

from agent_brain_server.indexing.chunking import chunk_pdf, chunk_text

LONG = "Some words about it, and then some more of them.\n" * 40


def sections(language: str, text: str) -> list[tuple[str, str, int, int]]:
    return [
        (chunk.kind, chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunk_text("a", language, text).chunks
    ]


def test_markdown_sections_have_the_path_of_their_headings() -> None:
    text = (
        f"# Guide\n\n{LONG}\n## Install `it` [now](http://x)\n\n{LONG}\n### On Linux ###\n\n{LONG}\nUse\n---\n\n{LONG}"
    )
    assert [section[:2] for section in sections("markdown", text)] == [
        ("section", "Guide"),
        ("section", "Guide > Install it now"),
        ("section", "Guide > Install it now > On Linux"),
        ("section", "Guide > Use"),
    ]


def test_a_small_document_is_one_section() -> None:
    assert sections("markdown", "# A\n\ntext\n\n## B\n\nmore\n") == [("section", "A", 1, 7)]


def test_fenced_code_is_no_heading() -> None:
    text = "# A\n\n```sh\n# not a heading\n~~~\n```\n\n~~~\n# nor this\n```\n~~~\n\n# B\n\ntext\n"
    assert [section[1] for section in sections("markdown", text)] == ["A", "B"]


def test_front_matter_is_a_block() -> None:
    assert sections("markdown", "---\ntitle: x\nb: y\n---\n# A\n\ntext\n") == [
        ("block", "", 1, 4),
        ("section", "A", 5, 7),
    ]


def test_rules_and_lists_are_no_headings() -> None:
    text = "# A\n\ntext\n\n---\n\n- item\n---\n\n| a |\n| - |\n"
    assert [section[1] for section in sections("markdown", text)] == ["A"]


def test_a_long_section_is_cut_at_its_paragraphs() -> None:
    chunks = chunk_text("a.md", "markdown", "# A\n\n" + f"{LONG[:900]}\n\n" * 12).chunks
    assert len(chunks) > 2
    assert {chunk.symbol for chunk in chunks} == {"A"}
    assert all(chunk.text.startswith("Some words") for chunk in chunks[1:])


def test_rest_titles_nest_in_the_order_of_their_styles() -> None:
    text = f"=====\nGuide\n=====\n\n{LONG}\nInstall\n-------\n\n{LONG}\nLinux\n~~~~~\n\n{LONG}\nUse\n---\n\n{LONG}"
    assert [section[1] for section in sections("rst", text)] == [
        "Guide",
        "Guide > Install",
        "Guide > Install > Linux",
        "Guide > Use",
    ]


def test_rest_tables_and_code_are_no_titles() -> None:
    text = "Title\n=====\n\n====  ====\na     b\n====  ====\n\n::\n\n    code\n    ----\n"
    assert [section[1] for section in sections("rst", text)] == ["Title"]


def test_html_is_text_by_headings() -> None:
    text = (
        "<!doctype html><html><head><title>Shop</title>\n<style>p { color: red }</style>\n"
        "<script>\nlet hidden = 1 < 2;\n</script></head><body>\n"
        "<h1>Our <b>shop</b></h1>\n<p>We sell\nfish &amp; chips.</p>\n"
        f"<h2>Hours</h2>\n<p>{LONG}</p>\n</body></html>\n"
    )
    chunks = chunk_text("a.html", "html", text).chunks
    assert [(chunk.kind, chunk.symbol) for chunk in chunks][:3] == [
        ("block", ""),
        ("section", "Our shop"),
        ("section", "Our shop > Hours"),
    ]
    assert (chunks[0].text, chunks[0].start_line) == ("Shop", 1)
    assert (chunks[1].text, chunks[1].start_line) == ("Our shop\nWe sell\nfish & chips.", 6)
    assert chunks[2].start_line == 9
    assert not any("hidden" in chunk.text or "color" in chunk.text or "<" in chunk.text for chunk in chunks)


def test_html_without_text_keeps_its_lines() -> None:
    (chunk,) = chunk_text("a.html", "html", "<script>\nlet x = 1;\n</script>\n").chunks
    assert (chunk.kind, chunk.text) == ("block", "<script>\nlet x = 1;\n</script>")


def notebook(**more: Any) -> dict[str, Any]:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Load\n", "The data."]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [{"output_type": "stream", "text": ["secret output"]}],
            "source": ["import pandas\n", "pandas.read_csv('x')"],
        },
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": ""},
    ]
    return {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, **more}


def test_notebooks_by_cells() -> None:
    text = json.dumps(notebook(), indent=1)
    first, second = chunk_text("a.ipynb", "notebook", text).chunks
    assert (first.kind, first.language, first.symbol, first.text) == ("cell", "markdown", "Load", "# Load\nThe data.")
    assert (second.language, second.symbol) == ("python", "Load")
    assert second.text == "import pandas\npandas.read_csv('x')"
    assert '"source"' in text.split("\n")[second.start_line - 1]


def test_the_language_of_a_notebook_is_that_of_its_kernel() -> None:
    text = json.dumps(notebook(metadata={"kernelspec": {"language": "julia"}}))
    assert [chunk.language for chunk in chunk_text("a.ipynb", "notebook", text).chunks] == ["markdown", "julia"]


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"cells": 3}', '{"cells": [{"source": {"a": 1}}]}', "[" * 100_000, "null"]
)
def test_a_broken_notebook_is_kept_as_it_is(text: str) -> None:
    assert chunk_text("a.ipynb", "notebook", text).chunks


def test_plain_text_is_cut_at_its_paragraphs() -> None:
    paragraph = "One line of a paragraph that goes on for a while.\n" * 7
    chunks = chunk_text("a.txt", "text", f"{paragraph}\n" * 20).chunks
    assert len(chunks) > 2
    assert all(chunk.text.startswith("One") and chunk.text.count("\n\n") < 6 for chunk in chunks)
    assert {(chunk.end_line - chunk.start_line + 2) % 8 for chunk in chunks} == {0}


def make_pdf(*pages: str) -> bytes:
    """Return a small PDF, one line of text a page."""
    count = len(pages)
    kids = " ".join(f"{3 + n} 0 R" for n in range(count))
    font = 3 + 2 * count
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {count} >>"]
    resources = f"/Resources << /Font << /F1 {font} 0 R >> >> /MediaBox [0 0 300 300]"
    bodies += [f"<< /Type /Page /Parent 2 0 R {resources} /Contents {3 + count + n} 0 R >>" for n in range(count)]
    for page in pages:
        stream = f"BT /F1 12 Tf 20 200 Td ({page}) Tj ET"
        bodies.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    bodies.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    data, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(bodies) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return f"{data}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def test_pdf_by_pages() -> None:
    pytest.importorskip("pypdf")
    chunked = chunk_pdf("a.pdf", make_pdf("First page", "", "Third page"))
    assert [(chunk.kind, chunk.symbol, chunk.start_line, chunk.text) for chunk in chunked.chunks] == [
        ("page", "page 1", 1, "First page"),
        ("page", "page 3", 3, "Third page"),
    ]
    assert chunked.note == ""


def test_a_broken_pdf_is_noted() -> None:
    pytest.importorskip("pypdf")
    for data in (b"", b"%PDF-1.4\nnothing", make_pdf("x")[:200]):
        chunked = chunk_pdf("a.pdf", data)
        assert chunked.chunks == ()
        assert chunked.note.startswith("PDF ")


def test_a_missing_reader_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_pypdf(name: str, *args: Any, **more: Any) -> Any:
        if name == "pypdf":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without_pypdf)
    chunked = chunk_pdf("a.pdf", make_pdf("x"))
    assert chunked.chunks == ()
    assert chunked.note == "PDF cannot be read: pypdf. Run: agent-brain doctor"
