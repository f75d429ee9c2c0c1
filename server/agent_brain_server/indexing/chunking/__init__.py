"""From a file's text to chunks: symbols for code, sections for documents, cells, keys, pages, else blocks of lines."""

from __future__ import annotations

from agent_brain_server.indexing.chunking.code import code_passages
from agent_brain_server.indexing.chunking.passage import ChunkedText, blocks, finish
from agent_brain_server.indexing.chunking.source import Source
from agent_brain_server.indexing.chunking.syntaxes import SYNTAXES
from agent_brain_server.indexing.chunking.sections import markdown_passages, rest_passages

__all__ = ["ChunkedText", "chunk_pdf", "chunk_text"]


def chunk_text(path: str, language: str, text: str) -> ChunkedText:
    """The chunks of a decoded text. Never fails; an empty text has none."""
    source = Source(text)
    if (syntax := SYNTAXES.get(language)) is not None:
        passages, note = code_passages(syntax, source)
    elif language == "markdown":
        passages, note = markdown_passages(source), ""
    elif language == "rst":
        passages, note = rest_passages(source), ""
    else:
        passages, note = list(blocks(source, 0, source.last)), ""
    return finish(path, language, source, passages, note)


def chunk_pdf(path: str, data: bytes) -> ChunkedText:
    return ChunkedText((), "PDF text needs the extra: pip install 'agent-brain[pdf]'")
