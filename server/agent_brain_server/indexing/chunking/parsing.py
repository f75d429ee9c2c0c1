"""Grammars, loaded when they are first needed, and parsing within bounds."""

from __future__ import annotations

import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.grammar import Syntax

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

LARGEST_PARSED = 1_000_000
"""Bytes; a larger file is cut in line blocks: it was not written by hand."""
LONGEST_PARSE = 2.0
"""Seconds of the processor's time, so that a busy machine gives the same chunks."""
MOST_ERRORS_COUNTED = 100
_AS_ASCII = bytes(range(128)) + b"x" * 128
"""The replacement of each byte, so that every offset stays."""


@cache
def grammar(module: str, function: str) -> Language:
    """Return the grammar of an installed wheel."""
    from tree_sitter import Language

    return Language(getattr(import_module(module), function)())


def parse(syntax: Syntax, data: bytes) -> Tree | None:
    """Return the syntax tree, None if it takes too long.

    Not every grammar asks in time whether to go on, and memory has no limit here: `runtime.limits` has both.
    """
    from tree_sitter import Parser

    if syntax.ascii_only:
        data = data.translate(_AS_ASCII)
    deadline = time.thread_time() + LONGEST_PARSE
    whole = memoryview(data)
    pieces: dict[int, memoryview] = {}

    def read(offset: int, _point: object) -> memoryview:
        if offset not in pieces:
            pieces[offset] = whole[offset:]
        return pieces[offset]

    try:
        return Parser(grammar(syntax.module, syntax.function)).parse(
            read, progress_callback=lambda _offset, _has_error: time.thread_time() > deadline
        )
    except ValueError:
        return None
    finally:
        for (
            piece
        ) in pieces.values():  # tree-sitter 0.26 never lets go of what it was given: these hold no bytes any more
            piece.release()


def count_errors(root: Node) -> tuple[int, int]:
    """Return how many places did not parse (counted up to a limit), and how many bytes they take."""
    count = size = 0
    pending = [root]
    while pending and count < MOST_ERRORS_COUNTED:
        node = pending.pop()
        if node.is_error and node != root:
            count += 1
            size += node.end_byte - node.start_byte
        elif node.is_missing:
            count += 1
        elif node.has_error:
            pending.extend(node.children)
    return count, size
