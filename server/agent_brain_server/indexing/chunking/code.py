"""Source code in passages: whole symbols by the syntax tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.grammar import Code, Syntax
from agent_brain_server.indexing.chunking.outline import Outliner
from agent_brain_server.indexing.chunking.packing import Item, pack
from agent_brain_server.indexing.chunking.parsing import LARGEST_PARSED, count_errors, parse
from agent_brain_server.indexing.chunking.passage import Passage
from agent_brain_server.indexing.chunking.source import Source
from agent_brain_server.indexing.chunking.statements import statement_items
from agent_brain_server.indexing.chunking.syntaxes import JAVASCRIPT, SQL, TYPESCRIPT

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPT = re.compile(r"^[ \t]*<script\b([^>\n]{0,300})>[ \t]*\n", re.MULTILINE | re.IGNORECASE)
_SCRIPT_END = re.compile(r"^[ \t]*</script>", re.MULTILINE | re.IGNORECASE)
_TYPED = re.compile(r"lang\s*=\s*[\"']?tsx?\b", re.IGNORECASE)


def code_passages(syntax: Syntax, source: Source) -> tuple[list[Passage], str]:
    """The passages of a source file and a note; line blocks where it is too large or is not what it seems."""
    items, note = _outline(syntax, source, source.text)
    return pack(source, items), note


def component_passages(source: Source) -> tuple[list[Passage], str]:
    """A Vue or Svelte component: the symbols of its scripts, and blocks of the rest."""
    text = source.text
    syntax, masked, end = JAVASCRIPT, "", 0
    while (start := _SCRIPT.search(text, end)) and (stop := _SCRIPT_END.search(text, start.end())):
        masked += "\n" * text.count("\n", end, start.end()) + text[start.end() : stop.start()]
        end = stop.start()
        syntax = TYPESCRIPT if _TYPED.search(start.group(1)) else syntax
    items, note = _outline(syntax, source, masked)
    return pack(source, items), note


def _outline(syntax: Syntax, source: Source, text: str) -> tuple[list[Item], str]:
    data = text.encode("utf-8", "replace")
    if len(data) > LARGEST_PARSED:
        return [], "too large to parse"
    tree = parse(syntax, data)
    if tree is None:
        return [], "parser gave up: it took too long"
    root = tree.root_node
    errors, size = count_errors(root) if root.has_error else (0, 0)
    items = _read(syntax, source, data, root, by_lines=errors > 0)
    if size * 2 > len(data) and _rows(items) * 5 < len(source.lines):
        return [], "parser gave up: mostly syntax errors"
    return items, f"syntax errors: {errors}" if errors else ""


def _rows(items: list[Item]) -> int:
    return sum(item.last - item.first + 1 for item in items)


def _read(syntax: Syntax, source: Source, data: bytes, root: Node, *, by_lines: bool) -> list[Item]:
    """The symbols of the tree; of SQL that did not parse, those of its lines."""
    if by_lines and syntax is SQL:
        return statement_items(source)
    return Outliner(syntax, Code(data), source).outline(root)
