"""The lines of a text file for people: decoded and masked as for the index."""

from __future__ import annotations

from agent_brain_server.indexing.reading.decode import decode, is_binary
from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.reading.prepare import HEAD_BYTES, read_bytes
from agent_brain_server.indexing.secrets import mask_file, secret_bytes
from agent_brain_server.indexing.walking.walk_result import FileEntry


def read_lines(entry: FileEntry, max_bytes: int) -> list[str] | None:
    """Return the file's lines, None for one that the index does not take: binary, secret, too large, unreadable."""
    data = read_bytes(entry, max_bytes)
    if data is None:
        return None
    language = detect_language(entry.path, data[:HEAD_BYTES])
    if language == "pdf" or is_binary(data[:HEAD_BYTES]) or secret_bytes(data):
        return None
    masked = mask_file(entry.path, language, decode(data).text)
    if masked.secret:
        return None
    lines = masked.text.split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines
