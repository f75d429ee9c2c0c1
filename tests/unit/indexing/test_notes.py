"""Which notes of an indexed file say that it is not indexed as a whole."""

from __future__ import annotations

import pytest

from agent_brain_server.indexing.reading.notes import missing_parts


@pytest.mark.parametrize(
    ("note", "missing"),
    [
        ("", ""),
        ("decoded as cp1252; 2 NULs removed; invalid utf-16-le replaced; masked: password x2", ""),
        ("invalid UTF-8 replaced; syntax errors: 3", ""),
        ("parser gave up: mostly syntax errors", "parser gave up: mostly syntax errors"),
        ("PDF cut after page 2000; masked: password x2", "PDF cut after page 2000"),
        ("parser gave up: it took too long", "parser gave up: it took too long"),
        ("decoded as cp1252; too much text: only its start is indexed", "too much text: only its start is indexed"),
    ],
)
def test_what_is_missing(note: str, missing: str) -> None:
    assert missing_parts(note) == missing
