"""The symbols of a syntax tree, as a nested outline. Only nodes that can hold a declaration are visited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.comments import comment_text
from agent_brain_server.indexing.chunking.grammar import Code, Declaration, Syntax
from agent_brain_server.indexing.chunking.packing import Item
from agent_brain_server.indexing.chunking.source import (
    FAMILY_CHARS,
    FAMILY_LINES,
    WHOLE_CHARS,
    WHOLE_LINES,
    Source,
)

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 48
LONGEST_SIGNATURE = 300
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "impl"})
_BODIES = frozenset({"function", "method"})
_SMALLEST_INNER = 8


@dataclass(frozen=True, slots=True)
class _Scope:
    symbol: str = ""
    kind: str = ""
    depth: int = 0

    def name(self, name: str) -> str:
        return f"{self.symbol}.{name}" if self.symbol else name


@dataclass(slots=True)
class _Lead:
    """The comments and attributes directly above what comes next."""

    first: int = -1
    last: int = -2
    comments: list[str] = field(default_factory=list)


class Outliner:
    """Reads the outline of one parsed file."""

    def __init__(self, syntax: Syntax, code: Code, source: Source) -> None:
        self._syntax = syntax
        self._code = code
        self._source = source

    def outline(self, root: Node) -> list[Item]:
        """The symbols in the order of the file."""
        items: list[Item] = []
        self._visit(root.named_children, _Scope(), items)
        return items

    def _visit(self, nodes: Iterable[Node], scope: _Scope, items: list[Item]) -> None:
        syntax = self._syntax
        lead = _Lead()
        for node in nodes:
            kind = node.type
            if kind in syntax.comments or kind in syntax.leading:
                lead = self._leading(node, lead)
                continue
            found = self._declaration(node)
            if found is not None:
                self._add(node, *found, lead, scope, items)
            elif scope.depth < DEEPEST and self._is_open(node):
                self._visit(node.named_children, _Scope(scope.symbol, scope.kind, scope.depth + 1), items)
            lead = _Lead()

    def _is_open(self, node: Node) -> bool:
        """Whether declarations are looked for in a node that is none itself: where its type says so, or it is long."""
        kind = node.type
        if kind in self._syntax.transparent or kind == "ERROR":
            return True
        return node.end_point[0] - node.start_point[0] > WHOLE_LINES

    def _declaration(self, node: Node) -> tuple[Declaration, Node] | None:
        """What the node, or the node that it wraps, declares."""
        syntax = self._syntax
        for _ in range(4):
            if (rule := syntax.rules.get(node.type)) is not None:
                declaration = rule(self._code, node)
                return (declaration, node) if declaration else None
            if node.type not in syntax.wrappers:
                return None
            inner = next((child for child in reversed(node.named_children) if self._is_content(child)), None)
            if inner is None:
                return None
            node = inner
        return None

    def _is_content(self, node: Node) -> bool:
        return node.type in self._syntax.rules or node.type in self._syntax.wrappers

    def _leading(self, node: Node, lead: _Lead) -> _Lead:
        first, last = node.start_point[0], last_row(node)
        column = node.start_point[1]
        if column and not self._code.data[node.start_byte - column : node.start_byte].isspace():
            return _Lead()
        if first > lead.last + 1:
            lead = _Lead(first, last)
        lead.last = last
        if node.type in self._syntax.comments:
            lead.comments.extend(self._source.lines[first : last + 1])
        return lead

    def _add(
        self, node: Node, declaration: Declaration, inner: Node, lead: _Lead, scope: _Scope, items: list[Item]
    ) -> None:
        first, last = node.start_point[0], last_row(node)
        kind = "method" if declaration.kind == "function" and scope.kind in _TYPES else declaration.kind
        if self._is_minor(kind, last - first, scope):
            return
        attached = lead.last == first - 1
        item = Item(kind, scope.name(declaration.name), lead.first if attached else first, last)
        item.signature = self._signature(node, inner, declaration)
        item.documentation = comment_text(lead.comments) if attached and lead.comments else ""
        if self._syntax.docstring:
            item.documentation = self._syntax.docstring(self._code, declaration) or item.documentation
        if scope.depth < DEEPEST and self._is_divided(item):
            holder = declaration.body or inner
            self._visit(holder.named_children, _Scope(item.symbol, kind, scope.depth + 1), item.members)
        items.append(item)

    def _is_minor(self, kind: str, rows: int, scope: _Scope) -> bool:
        """Whether the declaration is a detail of what it stands in: a field, a local name, a short inner function."""
        if scope.kind in _BODIES:
            return kind in {"constant", "type"} or rows < _SMALLEST_INNER
        return kind == "constant" and scope.kind in _TYPES

    def _is_divided(self, item: Item) -> bool:
        """Whether the item is too large for one passage, so that its members count."""
        lines, chars = (WHOLE_LINES, WHOLE_CHARS) if item.kind in _BODIES else (FAMILY_LINES, FAMILY_CHARS)
        return not self._source.fits(item.first, item.last, lines, chars)

    def _signature(self, node: Node, inner: Node, declaration: Declaration) -> str:
        start = node.start_byte
        for child in node.children:
            if child.type not in self._syntax.leading:
                start = child.start_byte
                break
        end = declaration.body.start_byte if declaration.body else inner.end_byte
        text = self._code.between(start, min(end, start + 4 * LONGEST_SIGNATURE))
        if declaration.body is None:
            text = text.strip().split("\n", 1)[0]
        return " ".join(text.split()).rstrip(" {:=(").removesuffix(" do")[:LONGEST_SIGNATURE]


def last_row(node: Node) -> int:
    """The last row on which the node has text; some grammars count the line end in."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row
