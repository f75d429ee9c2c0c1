"""Source code in passages: whole symbols by the syntax tree."""

from __future__ import annotations

from agent_brain_server.indexing.chunking.grammar import Code, Syntax
from agent_brain_server.indexing.chunking.outline import Outliner
from agent_brain_server.indexing.chunking.packing import pack
from agent_brain_server.indexing.chunking.parsing import LARGEST_PARSED, count_errors, parse
from agent_brain_server.indexing.chunking.passage import Passage, blocks
from agent_brain_server.indexing.chunking.source import Source


def code_passages(syntax: Syntax, source: Source) -> tuple[list[Passage], str]:
    """The passages of a source file and a note; line blocks where the file is too large or is not what it seems."""
    data = source.text.encode("utf-8", "replace")
    if len(data) > LARGEST_PARSED:
        return list(blocks(source, 0, source.last)), "too large to parse"
    tree = parse(syntax, data)
    if tree is None:
        return list(blocks(source, 0, source.last)), "parser gave up: it took too long"
    root = tree.root_node
    errors, size = count_errors(root) if root.has_error else (0, 0)
    if size * 2 > len(data):
        return list(blocks(source, 0, source.last)), "parser gave up: mostly syntax errors"
    items = Outliner(syntax, Code(data), source).outline(root)
    return pack(source, items), f"syntax errors: {errors}" if errors else ""
