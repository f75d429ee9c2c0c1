"""The symbols of a syntax tree, as a nested outline. Only nodes that can hold a declaration are visited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
_SIGNATURE_END = re.compile(r"(?: do| is| =>|[\s{:=(;,])+\Z")
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "impl"})
_BODIES = frozenset({"function", "method"})
_SMALLEST_INNER = 8
_SMALLEST_MINOR = 4


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

    first: int = -2
    last: int = -2
    comments: list[str] = field(default_factory=list)
    text: str = ""


class Outliner:
    """Reads the outline of one parsed file."""

    def __init__(self, syntax: Syntax, code: Code, source: Source) -> None:
        self._syntax = syntax
        self._code = code
        self._source = source
        self._lead = _Lead()

    def outline(self, root: Node) -> list[Item]:
        """The symbols in the order of the file."""
        items: list[Item] = []
        self._visit(root.named_children, _Scope(), items)
        return items

    def _visit(self, nodes: Iterable[Node], scope: _Scope, items: list[Item]) -> None:
        syntax = self._syntax
        for node in nodes:
            kind = node.type
            if kind in syntax.comments or kind in syntax.leading:
                self._note_lead(node)
            elif (found := self._declaration(node)) is not None:
                self._add(node, *found, scope, items)
            elif scope.depth < DEEPEST and self._is_open(node):
                self._visit(node.named_children, _Scope(scope.symbol, scope.kind, scope.depth + 1), items)

    def _is_open(self, node: Node) -> bool:
        """Whether declarations are looked for in a node that is none itself: where its type says so, or it is long."""
        kind = node.type
        if kind in self._syntax.transparent or kind in self._syntax.wrappers or kind == "ERROR":
            return True
        return node.end_point[0] - node.start_point[0] > WHOLE_LINES

    def _declaration(self, node: Node) -> tuple[Declaration, Node] | None:
        """What the node declares, or the one node in it that does."""
        syntax = self._syntax
        for _ in range(4):
            if (rule := syntax.rules.get(node.type)) is not None:
                declaration = rule(self._code, node)
                return (declaration, node) if declaration else None
            if node.type not in syntax.wrappers:
                return None
            inner = [
                child for child in node.named_children if child.type in syntax.rules or child.type in syntax.wrappers
            ]
            if len(inner) != 1:
                return None
            node = inner[0]
        return None

    def _note_lead(self, node: Node) -> None:
        """Keep a comment or attribute that has its lines to itself for what comes next."""
        first, column = node.start_point
        if column and not self._code.data[node.start_byte - column : node.start_byte].isspace():
            return
        if first > self._lead.last + 1:
            self._lead = _Lead(first)
        self._lead.last = last_row(node)
        if node.type in self._syntax.comments:
            self._lead.comments.extend(self._source.lines[first : self._lead.last + 1])
        elif self._syntax.leading_text:
            self._lead.text = self._syntax.leading_text(self._code, node) or self._lead.text

    def _add(self, node: Node, declaration: Declaration, inner: Node, scope: _Scope, items: list[Item]) -> None:
        first, last, lead = node.start_point[0], last_row(node), self._lead
        kind = "method" if declaration.kind == "function" and scope.kind in _TYPES else declaration.kind
        item = Item(kind, scope.name(declaration.name), first, last)
        if lead.last == first - 1:
            item.first = lead.first
            item.documentation = lead.text or comment_text(lead.comments)
        if self._is_detail(item, declaration, scope):
            return
        if self._syntax.docstring:
            item.documentation = self._syntax.docstring(self._code, declaration) or item.documentation
        item.signature = self._signature(node, inner, declaration)
        if scope.depth < DEEPEST and self._is_divided(item):
            holder = declaration.body or inner
            nodes = holder.named_children if holder == inner else [*self._comments(inner), *holder.named_children]
            self._visit(nodes, _Scope(item.symbol, kind, scope.depth + 1), item.members)
        if not (self._syntax.joined and items and _join(items[-1], item)):
            items.append(item)

    def _is_detail(self, item: Item, declaration: Declaration, scope: _Scope) -> bool:
        """Whether it is left to what it stands in: a field, a local name, a prototype, a short inner function."""
        rows = item.last - item.first + 1
        if declaration.minor and rows < _SMALLEST_MINOR:
            return True
        if scope.kind in _BODIES:
            return item.kind in {"constant", "type"} or rows < _SMALLEST_INNER
        return item.kind == "constant" and (scope.kind in _TYPES or scope.kind == "constant")

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
        if (comment := next(self._comments(inner), None)) is not None:
            end = min(end, comment.start_byte)
        text = self._code.between(start, min(end, start + 4 * LONGEST_SIGNATURE)).strip()
        if declaration.body is None:
            text = text.split("\n", 1)[0]
        return _SIGNATURE_END.sub("", " ".join(text.split()))[:LONGEST_SIGNATURE]

    def _comments(self, node: Node) -> Iterator[Node]:
        """The comments that stand in the node itself, between its head and its body."""
        return (child for child in node.named_children if child.type in self._syntax.comments)


def _join(previous: Item, item: Item) -> bool:
    """Make one of two items that are one declaration: the equations of a function and its type."""
    if previous.symbol != item.symbol or previous.kind != item.kind:
        return False
    previous.last = item.last
    previous.members += item.members
    return True


def last_row(node: Node) -> int:
    """The last row on which the node has text; some grammars count the line end in."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row
