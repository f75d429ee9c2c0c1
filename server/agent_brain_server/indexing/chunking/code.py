"""Source code by its syntax tree: whole symbols as passages, and what the code graph has of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agent_brain_server.domain.code_graph import Definition, FileGraph
from agent_brain_server.indexing.chunking.grammar import Code, Syntax
from agent_brain_server.indexing.chunking.outline import Outliner
from agent_brain_server.indexing.chunking.packing import Item, pack
from agent_brain_server.indexing.chunking.parsing import LARGEST_PARSED, count_errors, grammar, parse
from agent_brain_server.indexing.chunking.passage import CutText
from agent_brain_server.indexing.chunking.source import Source
from agent_brain_server.indexing.chunking.syntaxes import JAVASCRIPT, TYPESCRIPT
from agent_brain_server.indexing.references.extraction import Declared, ScopeSpan, find_references

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_DEFINITIONS = 10_000
MOST_REFERENCES = 50_000
"""Of one file: more than that no file has that was written by hand."""
_SCRIPT = re.compile(r"^[ \t]*<script\b([^>\n]{0,300})>[ \t]*\n", re.MULTILINE | re.IGNORECASE)
_SCRIPT_END = re.compile(r"^[ \t]*</script>", re.MULTILINE | re.IGNORECASE)
_TYPED = re.compile(r"lang\s*=\s*[\"']?tsx?\b", re.IGNORECASE)


def cut_code(syntax: Syntax, source: Source) -> CutText:
    """Cut a source file by its symbols; by lines, with a note, where it is too large or is not what it seems."""
    return _cut(syntax, source, source.text)


def cut_component(source: Source) -> CutText:
    """Cut a Vue or Svelte component: the symbols of its scripts, and blocks of the rest."""
    text = source.text
    syntax, masked, end = JAVASCRIPT, "", 0
    while (start := _SCRIPT.search(text, end)) and (stop := _SCRIPT_END.search(text, start.end())):
        masked += "\n" * text.count("\n", end, start.end()) + text[start.end() : stop.start()]
        end = stop.start()
        syntax = TYPESCRIPT if _TYPED.search(start.group(1)) else syntax
    return _cut(syntax, source, masked)


def _cut(syntax: Syntax, source: Source, text: str) -> CutText:
    data = text.encode("utf-8", "replace")
    if len(data) > LARGEST_PARSED:
        return CutText(pack(source, []), "too large to parse")
    tree = parse(syntax, data)
    if tree is None:
        return CutText(pack(source, []), "parser gave up: it took too long")
    root = tree.root_node
    errors, size = count_errors(root) if root.has_error else (0, 0)
    items = Outliner(syntax, Code(data), source).outline(root)
    if size * 2 > len(data) and _rows(items) * 5 < len(source.lines):
        return CutText(pack(source, []), "parser gave up: mostly syntax errors")
    graph = _graph(syntax, items, root, data)  # before `pack`, which takes rows from items that overlap
    return CutText(pack(source, items), f"syntax errors: {errors}" if errors else "", graph)


def _rows(items: list[Item]) -> int:
    return sum(item.last - item.first + 1 for item in items if not item.detail)


def _graph(syntax: Syntax, items: Iterable[Item], root: Node, data: bytes) -> FileGraph:
    defined = [item for item in _all_items(items) if not item.prototype]
    definitions = [Definition(i.symbol, i.kind, i.first + 1, i.last + 1, i.signature) for i in defined]
    references = find_references(
        grammar(syntax.module, syntax.function),
        syntax.grammar,
        root,
        data,
        [ScopeSpan(*item.span, item.symbol) for item in defined],
        Declared({*_outer_names(items)}, {definition.name for definition in definitions}),
    )
    return FileGraph(tuple(definitions[:MOST_DEFINITIONS]), references[:MOST_REFERENCES])


def _all_items(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _all_items(item.members)


def _outer_names(items: Iterable[Item]) -> Iterator[str]:
    """Yield what the file declares outside of types and functions."""
    for item in items:
        if item.kind == "module":
            yield from _outer_names(item.members)
        if item.kind != "method":
            yield item.symbol.rpartition(".")[2]
