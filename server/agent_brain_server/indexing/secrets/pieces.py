"""Tokens whose prefix is written in pieces: string literals that are added, and signs that Markdown escapes.

Each is put together in its place; what comes of it decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_brain_server.indexing.secrets.tokens import Span, find_tokens
from agent_brain_server.indexing.secrets.values import CODE

LEAST_PIECE = 6
_QUOTES = ('"', "'")
_ADDED = re.compile(r"\+(?=[ ]{0,2}[\"'])")
_FIRST = re.compile(r"[\"'](?=[\w.-]{1,12}[\"'][ ]{0,2}$)")
_CHAIN = re.compile(
    r"([\"'])[\w.-]{1,12}\1(?:[ \t]{0,9}\+[ \t]{0,9}(?:\n[ \t]{0,80})?[\"'][\w.~+/=-]{0,400}[\"']){1,12}"
)
_PIECE = re.compile(r"[\"']([\w.~+/=-]{0,400})[\"']")
_WORD_BEFORE = re.compile(r"[\w-]{1,12}$")
_ESCAPED_WORD = re.compile(r"[\w-]{1,12}\\_(?:[\w.-]|\\[_.*~-]){8,400}")


def find_in_pieces(text: str, language: str) -> Iterator[Span]:
    """Find the pieces of every token in `text` that begins with a few letters to which others are added."""
    yield from _added(text)
    if language not in CODE and "\\_" in text:
        yield from _escaped(text)


def _added(text: str) -> Iterator[Span]:
    done = 0
    for sign in _ADDED.finditer(text):
        at = sign.start()
        first = _FIRST.search(text, max(done, at - 17), at) if text[at - 3 : at].rstrip(" ")[-1:] in _QUOTES else None
        if first and (chain := _CHAIN.match(text, first.start())):
            done = chain.end() - 1
            pieces = list(_PIECE.finditer(text, *chain.span()))
            if token := next(find_tokens("".join(piece[1] for piece in pieces)), None):
                yield from (Span(*piece.span(1), token.kind) for piece in pieces if len(piece[1]) >= LEAST_PIECE)


def _escaped(text: str) -> Iterator[Span]:
    at = text.find("\\_")
    while at >= 0:
        end = at + 2
        before = _WORD_BEFORE.search(text, max(0, at - 12), at)
        if before and (word := _ESCAPED_WORD.match(text, before.start())):
            end = word.end()
            if token := next(find_tokens(word[0].replace("\\", "")), None):
                yield Span(*word.span(), token.kind)
        at = text.find("\\_", end)
