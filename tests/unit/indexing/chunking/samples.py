"""The sample files, one a language, and how a test reads them."""

from __future__ import annotations

import re
from pathlib import Path

from agent_brain_server.indexing.chunking import ChunkedText, chunk_text
from agent_brain_server.indexing.reading.languages import detect_language

SAMPLES = Path(__file__).parent / "samples"
_PAD = re.compile(r"^.*\bPAD\b.*$", re.MULTILINE)


def read_sample(name: str) -> str:
    """Return a sample, with every line that says PAD repeated, so that what holds it is too large for one passage."""
    text = (SAMPLES / name).read_text(encoding="utf-8")
    return _PAD.sub(lambda match: "\n".join([match.group()] * 45), text)


def chunk_sample(name: str) -> ChunkedText:
    """Return the chunks of a sample."""
    text = read_sample(name)
    return chunk_text(name, detect_language(name, text.encode()), text)
