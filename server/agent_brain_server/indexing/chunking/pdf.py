"""PDF files by pages."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.passage import ChunkedText, CutText, Passage, finish
from agent_brain_server.indexing.chunking.source import Source
from agent_brain_server.runtime.limits import allow

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 2_000
LONGEST_READ = 60.0
"""Seconds, looked at between two pages."""
LONGEST_PAGE = 10.0
"""Seconds of the processor's time, after which a worker process ends within the page."""


def chunk_pdf(path: str, data: bytes) -> ChunkedText:
    """Return a chunk a page, or several for a long one; lines are page numbers. Never fail: a note says why not."""
    notes: list[str] = []
    pages: list[Passage] = []
    try:
        from pypdf import PdfReader

        pages.extend(_pages(PdfReader(io.BytesIO(data)), notes))
    except ImportError as error:
        notes.append(f"PDF cannot be read: {error}. Run: agent-brain doctor")
    except Exception as error:
        notes.append(f"PDF cannot be read: {type(error).__name__}")
    if not pages and not notes:
        notes.append("PDF holds no text")
    return finish(path, "pdf", Source(""), CutText(pages, "; ".join(notes)))


def _pages(reader: PdfReader, notes: list[str]) -> Iterator[Passage]:
    deadline = time.monotonic() + LONGEST_READ
    for number, page in enumerate(reader.pages):
        if number >= MOST_PAGES or time.monotonic() > deadline:
            notes.append(f"PDF cut after page {number}")
            return
        allow(LONGEST_PAGE)
        text = page.extract_text().replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()
        if text:
            yield Passage(number, number, "page", f"page {number + 1}", text=text)
