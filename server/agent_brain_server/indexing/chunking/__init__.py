"""From a file's text to chunks: symbols for code, sections for documents, cells, keys, pages, else blocks of lines."""

from __future__ import annotations

from agent_brain_server.indexing.chunking.code import cut_code, cut_component
from agent_brain_server.indexing.chunking.keyed import keyed_passages
from agent_brain_server.indexing.chunking.notebooks import notebook_passages
from agent_brain_server.indexing.chunking.passage import KINDS, ChunkedText, CutText, blocks, finish
from agent_brain_server.indexing.chunking.pdf import chunk_pdf
from agent_brain_server.indexing.chunking.sections import markdown_passages, rest_passages
from agent_brain_server.indexing.chunking.source import Source
from agent_brain_server.indexing.chunking.statements import cut_sql
from agent_brain_server.indexing.chunking.syntaxes import syntax_for

__all__ = ["KINDS", "ChunkedText", "chunk_lines", "chunk_pdf", "chunk_text"]

_DOCUMENTS = {"markdown": markdown_passages, "rst": rest_passages}
_COMPONENTS = frozenset({"vue", "svelte"})
_KEYED = frozenset({"yaml", "toml", "ini", "json", "css"})


def chunk_text(path: str, language: str, text: str) -> ChunkedText:
    """Return the chunks of a decoded text, in the order of its lines; none for a blank text. Never fail."""
    source = Source(text)
    return finish(path, language, source, _cut(path, language, source))


def chunk_lines(path: str, language: str, text: str, note: str) -> ChunkedText:
    """Return the chunks of a decoded text by its lines alone; `note` says why."""
    source = Source(text)
    return finish(path, language, source, CutText(blocks(source, 0, source.last), note))


def _cut(path: str, language: str, source: Source) -> CutText:
    if (syntax := syntax_for(path, language)) is not None:
        return cut_code(syntax, source)
    if language == "sql":
        return cut_sql(source)
    if language in _COMPONENTS:
        return cut_component(source)
    if (document := _DOCUMENTS.get(language)) is not None:
        return CutText(document(source))
    if language == "html":
        from agent_brain_server.indexing.chunking.html import html_passages  # slow to import: a table of all entities

        return CutText(html_passages(source))
    if language in _KEYED:
        return CutText(keyed_passages(language, source))
    if language == "notebook":
        return CutText(*notebook_passages(source))
    return CutText(blocks(source, 0, source.last))
